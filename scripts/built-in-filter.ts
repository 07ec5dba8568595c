import { join } from "node:path";

/** Where `npm run build` puts the built-in filter, and `gateway.config.ts` imports it from. */
export const builtInFilterFile = join(import.meta.dirname, "../wasm/filter/build/filter.wasm");
