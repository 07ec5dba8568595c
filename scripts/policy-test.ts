/** `npm run policy`: checks that the gateway decides as a file of tests expects. `--help` lists the options. */
import { dirname, relative, resolve } from "node:path";
import { formatProblems, resolveGateway } from "../config/index.ts";
import { type CommandResult, print } from "./command-result.ts";
import { loadConfig } from "./load-config.ts";
import { variableValue } from "./policy-test/environment.ts";
import { hintsOn } from "./policy-test/hints.ts";
import { POLICY_USAGE, parsePolicyOptions } from "./policy-test/options.ts";
import { placeTests } from "./policy-test/place-tests.ts";
import { complaintOf, readPolicyFile } from "./policy-test/read-policy-file.ts";
import { isFailed, jsonReport, textReport } from "./policy-test/report.ts";
import { runTests } from "./policy-test/run-tests.ts";

export interface PolicyTestResult extends CommandResult {
  /** 0: all tests passed; 1: one failed; 2: the file or the configuration cannot be used. */
  readonly exitCode: 0 | 1 | 2;
}

/** Runs one command line. For mistakes of the user and failed tests, returns a text and does not throw. */
export async function runPolicyTests(args: readonly string[]): Promise<PolicyTestResult> {
  const parsed = parsePolicyOptions(args);
  if (parsed.kind === "help") return { ok: true, exitCode: 0, report: POLICY_USAGE };
  if (parsed.kind === "wrong") return unusable(`${parsed.message} (--help lists the options)`);
  const { options } = parsed;
  const read = await readPolicyFile(options.file);
  if (!read.ok) return unusable(read.complaint);
  const { file } = read;

  const configFile = resolve(dirname(options.file), file.policy.gateway);
  const shown = relative(process.cwd(), configFile);
  const loaded = await loadConfig(configFile);
  if (!loaded.ok) return unusable(loaded.message);
  const { environment } = file.policy;
  const resolved = resolveGateway(loaded.config, shown, (name) => variableValue(name, environment));
  if (!resolved.ok) return unusable(formatProblems(resolved.problems));
  const { gateway } = resolved;

  const { tests, findings } = placeTests(gateway, file.policy);
  if (findings.length > 0) return unusable(complaintOf(file, findings));
  let results: Awaited<ReturnType<typeof runTests>>;
  try {
    results = await runTests(gateway, configFile, file.policy, tests);
  } catch (error) {
    return unusable(`${shown}: the gateway does not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  const hints = hintsOn(gateway, file.policy, tests);
  const report = (options.json ? jsonReport : textReport)({ file, results, hints });
  const hasFailed = results.some(isFailed);
  return { ok: !hasFailed, exitCode: hasFailed ? 1 : 0, report };
}

function unusable(complaint: string): PolicyTestResult {
  return { ok: false, exitCode: 2, complaint };
}

if (import.meta.main) {
  const result = await runPolicyTests(process.argv.slice(2));
  print(result);
  process.exitCode = result.exitCode;
}
