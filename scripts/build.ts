import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { formatProblems, resolveGateway } from "../config/index.ts";
import { buildFilter } from "./build-filter.ts";
import { checkConfig } from "./check-config.ts";
import { loadConfig } from "./load-config.ts";

/**
 * Builds the filter that `gateway.config.ts` imports. The module's own memory maximum is the largest `cache.maxBytes` of
 * any service, so that not even a mistake of the filter's can grow beyond what was configured. Filters built elsewhere
 * are only checked: without a maximum that their service allows there is no build, and so no deployment.
 *
 * @throws Error with every problem of the configuration, or with the compiler's messages
 */
export async function buildForConfig(file: string): Promise<void> {
  // The filter need not exist yet: its import is answered by an empty module.
  const loaded = await loadConfig(file, { stubWasm: true });
  if (!loaded.ok) throw new Error(loaded.message);
  const result = resolveGateway(loaded.config, file);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  const maxima = result.gateway.services.flatMap(({ filterKind }) =>
    filterKind.kind === "built-in" ? [filterKind.cache.maxBytes] : [],
  );
  await buildFilter(maxima.length > 0 ? { maximumBytes: Math.max(...maxima) } : {});
  const { ok, text } = await checkConfig(file);
  if (!ok) throw new Error(text);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await buildForConfig(process.argv[2] ?? "gateway.config.ts");
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
