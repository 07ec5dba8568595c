import type { BuiltInServiceInput, GatewayInput, InWorkerServiceInput } from "../../config/index.ts";

/** A service as a test configures it, in JSON. The Worker of the tests adds the built-in filter. */
export type ServiceWithoutFilter = Omit<BuiltInServiceInput, "filter"> | Omit<InWorkerServiceInput, "filter">;
export type GatewayWithoutFilter = Omit<GatewayInput, "services"> & {
  readonly services: Readonly<Record<string, ServiceWithoutFilter>>;
};

/** A request for this path makes V8 collect all garbage, if the gateway was started with `--expose-gc`. */
export const COLLECT_PATH = "/__collect";

/** A request for this path resets the object of `?service=`. */
export const RESET_PATH = "/__reset";
