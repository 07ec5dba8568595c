import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Case, caseName, SEEDS, standardCases, traceName } from "./cases.ts";
import { DECISION_KEYS, type DecisionKey } from "./workload/read-trace.ts";
import { scenarioNamed } from "./workload/scenarios.ts";

export const USAGE = `npm run eval                       the default set, about five minutes on two cores
npm run eval -- --full             every combination, hours
npm run eval -- --trace FILE       a recorded trace: lines t,client,key (seconds, whole numbers)

  --scenario NAME    only this workload (constant, diurnal, flash-crowd, sessions, low); may be repeated
  --policy FAMILY    only this way of choosing restarts (measured, ratio, uptime, threshold, oracle, optimum); repeated
  --ttl SECONDS      how long the filter keeps a decision; several by commas (traces: 300)
  --ttl-cap SECONDS  the longest TTL the estimator believes (traces: 7200)
  --entry-bytes N    bytes of headers kept with a decision (default: so that the peak is 60 pages)
  --speed N          plays a trace so many times as fast (default 1)
  --decision-key K   what a trace's decision is kept for: client (default) or client+key
  --filter FILE      any Proxy-Wasm module in place of the built-in filter
  --filter-configuration TEXT   its plugin configuration
  --seeds N          repeats, 1 to ${SEEDS.length}
  --json FILE        everything, for other programs
  --html FILE        the report (default eval/build/report.html)
  --readme           writes the README's figures and table too`;

export interface Options {
  readonly cases: readonly Case[];
  readonly json: string | undefined;
  readonly html: string;
  readonly readme: boolean;
  /** Of the whole set only: it is a question of its own. */
  readonly density: boolean;
  readonly command: string;
}

/** @throws Error that names the option, what was found and what is allowed */
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
      "filter-configuration": { type: "string", default: "" },
      seeds: { type: "string" },
      json: { type: "string" },
      html: { type: "string", default: "eval/build/report.html" },
      readme: { type: "boolean", default: false },
    },
  });
  for (const name of values.scenario ?? []) scenarioNamed(name);
  const families = values.policy?.map(familyOf);
  const ttlsMs = values.ttl?.split(",").map((ttl) => 1_000 * numberOf("--ttl", ttl, 1, 86_400));
  const capMs = 1_000 * numberOf("--ttl-cap", values["ttl-cap"] ?? "7200", 1, 86_400);
  const entryBytes =
    values["entry-bytes"] === undefined ? undefined : numberOf("--entry-bytes", values["entry-bytes"], 0, 16_000);
  const seeds = SEEDS.slice(0, numberOf("--seeds", values.seeds ?? String(SEEDS.length), 1, SEEDS.length));
  const speed = numberOf("--speed", values.speed ?? "1", 0.001, 1e6);
  const decisionKey = decisionKeyOf(values["decision-key"] ?? "client");
  const guest: Case["guest"] | undefined =
    values.filter === undefined
      ? undefined
      : { file: existing("--filter", values.filter), configuration: values["filter-configuration"] };

  if (values.trace && values.scenario) throw new Error("--scenario and --trace: only one of them");
  checkNames(values.trace ?? []);
  const traces = (values.trace ?? []).flatMap((file) =>
    (ttlsMs ?? [300_000]).map(
      (ttlMs): Case => ({
        source: { kind: "trace", file: existing("--trace", file), decisionKey, speed },
        seeds: [1],
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
      seeds: each.seeds.filter((seed) => seeds.includes(seed)),
      entryBytes: entryBytes ?? each.entryBytes,
      ...(guest && { guest }),
      ...(values["ttl-cap"] !== undefined && { ttlCapMs: capMs }),
    }));
  // With one filter for all, cases that differed by their guest are the same.
  const distinct = [...new Map([...traces, ...chosen].map((each) => [caseName(each), each])).values()];
  if (distinct.length === 0) throw new Error("nothing to run: no scenario of the set has this TTL");
  return {
    cases: distinct.map((each) => (families ? { ...each, families } : each)),
    json: values.json,
    html: values.html,
    readme: values.readme,
    density: traces.length === 0 && values.scenario === undefined && values.policy === undefined,
    command: ["npm run eval", ...(argv.length > 0 ? ["--", ...argv] : [])].join(" "),
  };
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

/** Results are told apart by the name of the trace. @throws Error that names two files of one name */
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
