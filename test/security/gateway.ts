import type { GatewayInput } from "../../config/index.ts";
import type { ProbeLimits } from "../../durable/outbound/outbound-calls.ts";
import { PLATFORM_RUNTIME } from "../../durable/platform-runtime.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import type { GatewayWithoutFilter } from "./configuration.ts";

/** The test's configuration, put in when the Worker is bundled. */
declare const GATEWAY: GatewayWithoutFilter;
/** How long servers are probed; null: as for everybody. */
declare const PROBE_LIMITS: ProbeLimits | null;

const services = Object.entries(GATEWAY.services).map(([name, service]) => [name, { ...service, filter }] as const);
const gateway = createGateway(
  { ...GATEWAY, services: Object.fromEntries(services) } as GatewayInput,
  PROBE_LIMITS === null ? PLATFORM_RUNTIME : { ...PLATFORM_RUNTIME, probeLimits: PROBE_LIMITS },
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
