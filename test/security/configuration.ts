import type { BuiltInServiceInput, GatewayInput } from "../../config/index.ts";

/** A service as a test writes it: JSON, to which the built-in filter is added. */
export type ServiceWithoutFilter = Omit<BuiltInServiceInput, "filter">;
export type GatewayWithoutFilter = Omit<GatewayInput, "services"> & {
  readonly services: Readonly<Record<string, ServiceWithoutFilter>>;
};

/** On it the Worker of the tests makes V8 collect all garbage, where the gateway was started with `--expose-gc`. */
export const COLLECT_PATH = "/__collect";

/** On it the Worker of the tests resets the object of `?service=`. */
export const RESET_PATH = "/__reset";
