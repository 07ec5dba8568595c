/**
 * `npm run traffic`: sends realistic load to the gateway that `npm start` runs, with a line that shows the effect on the
 * filter's memory. `--help` lists the options.
 */
import { readFile } from "node:fs/promises";
import { START_COMMAND } from "./called.ts";
import { drive } from "./traffic/drive.ts";
import { parseTrafficOptions, type TrafficOptions, USAGE } from "./traffic/options.ts";
import { Progress } from "./traffic/progress.ts";
import { seededRandom } from "./traffic/random.ts";
import { summary } from "./traffic/report.ts";
import { Tally } from "./traffic/tally.ts";
import { parseTrace, type TraceRequest } from "./traffic/trace.ts";
import { type PlannedRequest, syntheticWorkload, traceWorkload } from "./traffic/workload.ts";

const FIRST_ANSWER_TIMEOUT_MS = 10_000;
const SHOWN_PROBLEMS = 3;

/** Runs one command line: prints as it goes, and sets the exit code. */
export async function runTrafficCommand(args: string[]): Promise<void> {
  const parsed = parseTrafficOptions(args, process.env);
  if (parsed.kind === "help") console.log(USAGE);
  else if (parsed.kind === "wrong") fail(`${parsed.message} (--help lists the options)`);
  else await run(parsed.options);
}

async function run(options: TrafficOptions): Promise<void> {
  if (!(await answers(options.origin))) {
    return fail(
      `Nothing answers at ${options.origin}. Start the gateway first (${START_COMMAND}), or name another with --url.`,
    );
  }
  const plan = await planned(options);
  if (plan === undefined) return;

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const tally = new Tally();
  const progress = await Progress.start(process.stdout, options.origin, plan.totalMs, tally);
  const end = await drive(plan.requests, tally, {
    origin: options.origin,
    concurrency: options.concurrency,
    signal: stop.signal,
  });
  console.log(summary(await progress.end()));
  if (end === "gateway gone") fail(`The gateway at ${options.origin} stopped answering.`);
  else if (tally.finished > 0 && tally.errors === tally.finished) {
    fail("No request got the expected answer: is this the demo, and are --prefix and --token-prefix right?");
  }
}

interface Plan {
  requests: Iterable<PlannedRequest>;
  totalMs: number;
}

async function planned(options: TrafficOptions): Promise<Plan | undefined> {
  const { load } = options;
  if (load.kind === "synthetic") {
    const requests = syntheticWorkload(load, options, seededRandom(options.seed));
    return { requests, totalMs: load.durationSeconds * 1000 };
  }
  const requests = await readTraceFile(load.file);
  const last = requests?.at(-1);
  if (requests === undefined || last === undefined) return undefined;
  return { requests: traceWorkload(requests, load.speed, options), totalMs: (last.atSeconds * 1000) / load.speed };
}

/** The requests of a trace file, at least one; undefined after reporting why there are none. */
async function readTraceFile(file: string): Promise<TraceRequest[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    fail(`--trace ${file} cannot be read: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  const { requests, problems } = parseTrace(text);
  for (const { line, reason, text } of problems.slice(0, SHOWN_PROBLEMS)) {
    console.error(`${file}:${line}: left out, ${reason}: ${JSON.stringify(text)}`);
  }
  if (problems.length > SHOWN_PROBLEMS) console.error(`${file}: ${problems.length} lines left out in all`);
  if (requests.length > 0) return requests;
  fail(`--trace ${file} holds no request: expected lines of "t,client,key".`);
  return undefined;
}

async function answers(origin: string): Promise<boolean> {
  try {
    const response = await fetch(origin, { redirect: "manual", signal: AbortSignal.timeout(FIRST_ANSWER_TIMEOUT_MS) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

if (import.meta.main) await runTrafficCommand(process.argv.slice(2));
