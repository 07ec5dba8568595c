/** The package's main entry in Node, where tests and tools import files that use it: the same names as index.ts. */
import type { createGateway as createGatewayInWorkers } from "../worker/create-gateway.ts";

export * from "./configuration.ts";

/** @throws Error always: Node has neither Durable Objects nor the module `cloudflare:workers` */
export const createGateway: typeof createGatewayInWorkers = () => {
  throw new Error(
    "ebb: createGateway() runs in Workers only. Run the Worker by wrangler, or in tests by Cloudflare's plugin for Vitest; " +
      'a bundler of your own must resolve packages with the condition "workerd".',
  );
};
