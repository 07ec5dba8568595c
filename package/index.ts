/// <reference lib="es2024.promise" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/** The package's main entry, for Workers. Whatever runs in Node too is exported from configuration.ts. */

export { createGateway, type GatewayExports } from "../worker/create-gateway.ts";
export * from "./configuration.ts";
