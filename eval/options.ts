import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { bothWays, type Case, caseName, standardCases, traceName } from "./cases.ts";
import { MAX_SEEDS, parseSeeds } from "./seeds.ts";
import { DECISION_KEYS, type DecisionKey } from "./workload/read-trace.ts";
import { SCENARIOS, scenarioNamed } from "./workload/scenarios.ts";

export const USAGE = `npm run eval                       the default set, less than ten minutes on two cores
npm run eval -- --full             every combination, hours
npm run eval -- --trace FILE       a recorded trace: lines t,client,key (seconds, whole numbers)

  --scenario NAME    only this workload; may be repeated. Names:
                     ${SCENARIOS.map(({ name }) => name).join(", ")}
  --policy FAMILY    only this policy (measured, ratio, uptime, threshold, oracle, optimum) and never; may be repeated
  --ttl SECONDS      how long the filter caches a decision; a comma-separated list (default for traces and
                     with --filter: 300)
  --ttl-cap SECONDS  the longest TTL that the estimator accepts (default for traces: 7200)
  --entry-bytes N    bytes of headers cached with a decision (default: chosen so that the peak is about 60 pages)
  --speed N          how many times faster to replay a trace; a comma-separated list (default 1)
  --decision-key K   scope of a cached decision in a trace: client (default), client+key, or both with a comma
  --filter FILE      any Proxy-Wasm module instead of the standard guests
  --filter-configuration TEXT   the plugin configuration of that module
  --root-id TEXT     which plugin of that module to run (default: empty)
  --seeds N          number of seeds, 1 to ${MAX_SEEDS}; or a range such as 6-11; or a list such as 4,9 (default: 1 to 5
                     for the main cases, fewer for others, and 1 for traces)
  --json FILE        write all results as JSON
  --html FILE        write the report there (default eval/build/report.html)
  --readme           also write the figures of docs/evaluation.md and print its table`;

export interface Options {
  readonly cases: readonly Case[];
  readonly json: string | undefined;
  readonly html: string;
  readonly readme: boolean;
  /** Whether to count the services that fit into an isolate; only if no traces, scenarios or policies are chosen. */
  readonly density: boolean;
  /** What the user should know about the choice of runs. */
  readonly notes: readonly string[];
  readonly command: string;
}

/** @throws Error that names the option, its value and what is allowed */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      full: { type: "boolean", default: false },
      trace: { type: "string", multiple: true },
      scenario: { type: "string", multiple: true },
      policy: { type: "string", multiple: true },
      ttl: { type: "string" },
      "ttl-cap": { type: "string" },
      "entry-bytes": { type: "string" },
      speed: { type: "string" },
      "decision-key": { type: "string" },
      filter: { type: "string" },
      "filter-configuration": { type: "string" },
      "root-id": { type: "string" },
      seeds: { type: "string" },
      json: { type: "string" },
      html: { type: "string", default: "eval/build/report.html" },
      readme: { type: "boolean", default: false },
    },
  });
  for (const name of values.scenario ?? []) scenarioNamed(name);
  const families = values.policy?.map(familyOf);
  // The configuration of a filter from a file says how long it caches: its runs are the same at every TTL.
  const ttlsMs = (values.ttl ?? (values.filter === undefined ? undefined : "300"))
    ?.split(",")
    .map((ttl) => 1_000 * numberOf("--ttl", ttl, 1, 86_400));
  const capMs = 1_000 * numberOf("--ttl-cap", values["ttl-cap"] ?? "7200", 1, 86_400);
  const entryBytes =
    values["entry-bytes"] === undefined ? undefined : numberOf("--entry-bytes", values["entry-bytes"], 0, 16_000);
  const seeds = values.seeds === undefined ? undefined : parseSeeds(values.seeds);
  const speeds = (values.speed ?? "1").split(",").map((speed) => numberOf("--speed", speed, 0.001, 1e6));
  const decisionKeys = (values["decision-key"] ?? "client").split(",").map(decisionKeyOf);
  for (const option of ["filter-configuration", "root-id"] as const) {
    if (values[option] !== undefined && values.filter === undefined) throw new Error(`--${option}: only with --filter`);
  }
  const { filter: file, "filter-configuration": configuration = "", "root-id": rootId = "" } = values;
  const guest: Case["guest"] | undefined =
    file === undefined ? undefined : { file: existing("--filter", file), configuration, rootId };

  if (values.trace && values.scenario) throw new Error("--scenario and --trace: only one of them");
  checkNames(values.trace ?? []);
  const replays = (values.trace ?? []).flatMap((file) =>
    decisionKeys.flatMap((decisionKey) =>
      speeds.map((speed) => ({ kind: "trace" as const, file: existing("--trace", file), decisionKey, speed })),
    ),
  );
  const traces = replays.flatMap((source) =>
    (ttlsMs ?? [300_000]).flatMap((ttlMs) =>
      bothWays({
        source,
        seeds: seeds ?? [1],
        guest: guest ?? { rule: "built-in" },
        ttlMs,
        ttlCapMs: capMs,
        entryBytes,
        handover: false,
        eviction: false,
        real: true,
      }),
    ),
  );
  const standard = traces.length > 0 ? [] : standardCases(values.full);
  const chosen = standard
    .filter(({ source }) => values.scenario?.includes(source.kind === "scenario" ? source.name : "") ?? true)
    .filter(({ ttlMs }) => ttlsMs?.includes(ttlMs) ?? true)
    .map((each) => ({
      ...each,
      ...(seeds !== undefined && { seeds, variantSeeds: seeds }),
      entryBytes: entryBytes ?? each.entryBytes,
      ...(guest && { guest }),
      ...(values["ttl-cap"] !== undefined && { ttlCapMs: capMs }),
    }));
  // With --filter, cases that differ only in their guest become equal.
  const named = [...new Map([...traces, ...chosen].map((each) => [caseName(each), each])).values()];
  const distinct = guest === undefined ? named : named.filter(runsOnModule);
  if (distinct.length === 0) throw new Error("nothing to run: no scenario of the set has this TTL");
  return {
    cases: distinct.map((each) => (families ? { ...each, families } : each)),
    json: values.json,
    html: values.html,
    readme: values.readme,
    density: traces.length === 0 && values.scenario === undefined && values.policy === undefined,
    notes: guest === undefined ? [] : [`${file}: ${LEFT_OUT}`],
    command: ["npm run eval", ...(argv.length > 0 ? ["--", ...argv] : [])].join(" "),
  };
}

const LEFT_OUT =
  "no runs with handover, since restarts of a filter from a file lose its cache; none of ttl-down, ttl-up and two-ttls";

/** A module hands nothing over, and only its configuration says how long it caches. */
function runsOnModule({ source, handover }: Case): boolean {
  const { change, second } = (source.kind === "scenario" && scenarioNamed(source.name).ttl) || {};
  return !handover && change === undefined && second === undefined;
}

const FAMILIES = ["measured", "ratio", "uptime", "threshold", "oracle", "optimum", "never"];

function familyOf(value: string): string {
  if (FAMILIES.includes(value)) return value;
  throw new Error(`--policy ${value}: allowed are ${FAMILIES.join(", ")}`);
}

function decisionKeyOf(value: string): DecisionKey {
  const found = DECISION_KEYS.find((key) => key === value);
  if (found) return found;
  throw new Error(`--decision-key ${value}: allowed are ${DECISION_KEYS.join(", ")}`);
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most) return value;
  throw new Error(`${option} ${text}: allowed is a number from ${least} to ${most}`);
}

/** Traces need different names, because results are identified by them. @throws Error that names two files of one name */
function checkNames(files: readonly string[]): void {
  const byName = new Map<string, string>();
  for (const file of files) {
    const name = traceName(file);
    const other = byName.get(name) ?? file;
    if (other !== file) throw new Error(`--trace ${file}: ${other} is called "${name}" too; give them different names`);
    byName.set(name, file);
  }
}

function existing(option: string, file: string): string {
  if (existsSync(file)) return file;
  throw new Error(`${option} ${file}: no such file`);
}
