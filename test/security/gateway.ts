import type { GatewayInput } from "../../config/index.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import type { GatewayWithoutFilter } from "./configuration.ts";

/** The test's configuration, put in when the Worker is bundled. */
declare const GATEWAY: GatewayWithoutFilter;

const services = Object.entries(GATEWAY.services).map(([name, service]) => [name, { ...service, filter }] as const);
const gateway = createGateway({ ...GATEWAY, services: Object.fromEntries(services) } as GatewayInput);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
