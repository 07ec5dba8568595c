import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import type { Gateway } from "../config/index.ts";
import { readTokens } from "../config/operator-tokens.ts";
import type { ConfigProblem } from "../config/problems.ts";

/**
 * Checks the operator's tokens in `.dev.vars` next to the configuration, where wrangler reads secrets for development. This
 * script cannot read deployed secrets; the Worker logs the same problems for them.
 */
export async function checkLocalSecrets(configFile: string, { operator }: Gateway): Promise<ConfigProblem[]> {
  const text = await readFile(join(dirname(configFile), ".dev.vars"), "utf8").catch(() => "");
  const local = parseEnv(text);
  return readTokens((name) => local[name] || undefined, operator).problems.map(({ secret, ...problem }) => ({
    file: ".dev.vars",
    path: secret,
    ...problem,
  }));
}
