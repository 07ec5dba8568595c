import { formatProblems, resolveGateway } from "../config/index.ts";
import { buildFilter } from "./build-filter.ts";
import { buildPage } from "./build-page.ts";
import { checkConfig } from "./check-config.ts";
import { loadConfig } from "./load-config.ts";

/**
 * Builds the operator's page, and the filter that `gateway.config.ts` imports. The module's own memory maximum is the largest `cache.maxBytes` of
 * all services, so not even a bug in the filter can exceed the configuration. Filters built elsewhere are only checked: the
 * build, and so the deployment, fails if their memory has no maximum that their service allows.
 *
 * @throws Error with every problem of the configuration, or with the compiler's messages
 */
export async function buildForConfig(file: string): Promise<void> {
  await buildPage();
  // The filter may not exist yet, so its import loads an empty module.
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

if (import.meta.main) {
  try {
    await buildForConfig(process.argv[2] ?? "gateway.config.ts");
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
