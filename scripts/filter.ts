/**
 * `npm run filter`: inspects and tries a Proxy-Wasm filter on the gateway's own host before it is deployed.
 * `--help` lists commands and options.
 */
import { type CommandResult, conclude } from "./command-result.ts";
import { capFilters } from "./filter/cap.ts";
import { inspectedWell, inspectFilter } from "./filter/inspect.ts";
import { inspectReport, refusalReport } from "./filter/inspect-report.ts";
import { jsonOf } from "./filter/json.ts";
import { parseFilterOptions, USAGE } from "./filter/options.ts";
import { decided, tryFilter } from "./filter/try.ts";
import { tryReport } from "./filter/try-report.ts";
import { WrongInput } from "./filter/wrong-input.ts";
import { TimedOut } from "./time-limit.ts";

/**
 * Runs one command line. For mistakes of the user and failing filters, returns a text and does not throw. `ok` is false if
 * the filter cannot run, failed or never decided, or if the command was wrong.
 */
export async function runFilterCommand(args: readonly string[]): Promise<CommandResult> {
  const parsed = parseFilterOptions(args);
  if (parsed.kind === "help") return { ok: true, report: USAGE };
  if (parsed.kind === "wrong") return { ok: false, complaint: `${parsed.message} (--help lists the options)` };
  const { options } = parsed;
  try {
    if (options.command === "cap") return await capFilters(options);
    const result = options.command === "inspect" ? await inspectFilter(options) : await tryFilter(options);
    const ok = (result.kind === "inspected" && inspectedWell(result)) || (result.kind === "tried" && decided(result));
    if (options.json) return { ok, report: jsonOf(result) };
    if (result.kind === "refused") return { ok, complaint: refusalReport(result) };
    return { ok, report: result.kind === "inspected" ? inspectReport(result) : tryReport(result) };
  } catch (error) {
    if (error instanceof WrongInput) return { ok: false, complaint: error.message };
    if (error instanceof TimedOut) return { ok: false, complaint: `A request ${error.message} in the filter.` };
    throw error;
  }
}

if (import.meta.main) conclude(await runFilterCommand(process.argv.slice(2)));
