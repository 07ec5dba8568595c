import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import type { Gateway } from "../config/index.ts";
import { operatorTokenProblem } from "../config/operator-token.ts";
import type { ConfigProblem } from "../config/problems.ts";

/**
 * Checks the operator token in `.dev.vars` next to the configuration, where wrangler reads secrets for development. This
 * script cannot read deployed secrets; the Worker logs the same problems for them.
 */
export async function checkLocalSecrets(configFile: string, { operator }: Gateway): Promise<ConfigProblem[]> {
  const text = await readFile(join(dirname(configFile), ".dev.vars"), "utf8").catch(() => "");
  const token = parseEnv(text)[operator.tokenSecret];
  const problem = token === undefined || token === "" ? undefined : operatorTokenProblem(token);
  return problem === undefined ? [] : [{ file: ".dev.vars", path: operator.tokenSecret, ...problem }];
}
