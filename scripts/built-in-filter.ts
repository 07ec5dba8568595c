import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * `npm run build` writes the built-in filter here, and `gateway.config.ts` imports it from here. The package has it at the
 * same place among its compiled files.
 */
export const builtInFilterFile = join(import.meta.dirname, "../wasm/filter/build/filter.wasm");

/** Whether these bytes are the built-in filter, wherever they were read from: a package manager may link or copy packages. */
export async function isBuiltInFilter(bytes: Uint8Array): Promise<boolean> {
  const builtIn = await readFile(builtInFilterFile).catch(() => undefined);
  return builtIn?.equals(bytes) ?? false;
}
