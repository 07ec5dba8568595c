import { join } from "node:path";

/** `npm run build` writes the built-in filter here, and `gateway.config.ts` imports it from here. */
export const builtInFilterFile = join(import.meta.dirname, "../wasm/filter/build/filter.wasm");
