import { parseArgs } from "node:util";
import { formatProblems, resolveGateway } from "../config/index.ts";
import { buildFilter } from "./build-filter.ts";
import { buildPage } from "./build-page.ts";
import { type CheckOptions, checkConfig } from "./check-config.ts";
import { loadConfig } from "./load-config.ts";

/**
 * Builds the operator's page, and the filter that `gateway.config.ts` imports. The module's own memory maximum is the largest `cache.maxBytes` of
 * all services, so not even a bug in the filter can exceed the configuration. Filters built elsewhere are only checked: the
 * build, and so the deployment, fails if their memory has no maximum that their service allows, or if they do not start.
 *
 * @returns warnings about filters
 * @throws Error with every problem of the configuration, or with the compiler's messages
 */
export async function buildForConfig(
  file: string,
  options: Pick<CheckOptions, "trial"> = {},
): Promise<readonly string[]> {
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
  const verdict = await checkConfig(file, options);
  if (!verdict.ok) throw new Error(verdict.text);
  return verdict.warnings;
}

const USAGE = `npm run build [-- options] [FILE]      builds the gateway's filter and page for FILE (gateway.config.ts)

  --no-trial    does not start the filters: for one that cannot start without what it lacks here`;

if (import.meta.main) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        "no-trial": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) console.log(USAGE);
    else {
      const file = positionals[0] ?? "gateway.config.ts";
      for (const warning of await buildForConfig(file, { trial: !values["no-trial"] })) console.error(warning);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
