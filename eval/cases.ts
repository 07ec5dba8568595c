import type { GrowthRule } from "./guests/cache-guest.ts";
import type { ModuleSetup } from "./guests/module-guest.ts";
import type { DecisionKey } from "./workload/read-trace.ts";

/** Source of the requests of a case. */
export type Source =
  | { readonly kind: "scenario"; readonly name: string }
  | { readonly kind: "trace"; readonly file: string; readonly decisionKey: DecisionKey; readonly speed: number };

/** One workload and one guest, to run under all opponents. Plain data, so that it can be sent to a worker thread. */
export interface Case {
  readonly source: Source;
  readonly seeds: readonly number[];
  readonly guest: { readonly rule: GrowthRule } | ModuleSetup;
  readonly ttlMs: number;
  readonly ttlCapMs: number;
  /** Undefined: chosen so that the peak takes about 60 pages. */
  readonly entryBytes: number | undefined;
  readonly handover: boolean;
  readonly eviction: boolean;
  /** Also run the built-in filter's real module, with the first seed, under the most important policies. */
  readonly real: boolean;
  /** Run only these families of opponents and `never`; undefined: all. */
  readonly families?: readonly string[];
}

const MINUTE_MS = 60_000;
/** Above every TTL here. */
const HIGH_CAP_MS = 7_200_000;
/** The product's default. */
const DEFAULT_CAP_MS = 600_000;

const TTLS_MS = [60_000, 300_000, 1_200_000, 3_600_000];
const SCENARIO_NAMES = ["constant", "diurnal", "flash-crowd", "sessions", "low"];
const OTHER_RULES: readonly GrowthRule[] = [
  "page",
  "doubling",
  "plus-20-percent",
  "arena-4-mib",
  "lazy-expiry",
  "leak",
  "sliding-ttl",
  "size-classes",
];
/** Memory grows without end under these rules. They run with the product's default TTL cap. */
const ENDLESS_RULES: ReadonlySet<GrowthRule> = new Set(["lazy-expiry", "leak"]);

export const SEEDS = [1, 2, 3, 4, 5];

/** The default set takes about five minutes on two cores. `full` takes hours. */
export function standardCases(full: boolean): Case[] {
  const cases: Case[] = [];
  for (const name of SCENARIO_NAMES) {
    for (const ttlMs of TTLS_MS) cases.push(caseOf(name, { ttlMs, real: full || ttlMs === 5 * MINUTE_MS }));
  }
  const rules = full ? TTLS_MS : [5 * MINUTE_MS];
  for (const ttlMs of rules) {
    for (const rule of OTHER_RULES) {
      const ttlCapMs = ENDLESS_RULES.has(rule) ? DEFAULT_CAP_MS : HIGH_CAP_MS;
      const names =
        full || rule === "doubling" || rule === "lazy-expiry" ? SCENARIO_NAMES.slice(0, 4) : ["constant", "diurnal"];
      for (const name of names) cases.push(caseOf(name, { ttlMs, ttlCapMs, guest: { rule }, real: full }));
    }
  }
  for (const name of full ? SCENARIO_NAMES : ["diurnal"]) {
    for (const ttlMs of full ? TTLS_MS : [20 * MINUTE_MS])
      cases.push(caseOf(name, { ttlMs, ttlCapMs: DEFAULT_CAP_MS }));
    for (const ttlMs of rules) {
      cases.push(caseOf(name, { ttlMs, eviction: true }));
      cases.push(caseOf(name, { ttlMs, handover: true }));
    }
  }
  if (!full) cases.push(caseOf("low", { ttlMs: 5 * MINUTE_MS, eviction: true }));
  return full ? cases : cases.map((each) => ({ ...each, seeds: seedsInTime(each) }));
}

/** The plain cases of the built-in filter, on which the figures rest, run with all seeds; the others with two. */
function seedsInTime({ guest, handover, eviction }: Case): readonly number[] {
  return "rule" in guest && guest.rule === "built-in" && !handover && !eviction ? SEEDS : SEEDS.slice(0, 2);
}

function caseOf(name: string, change: Partial<Case>): Case {
  return {
    source: { kind: "scenario", name },
    seeds: SEEDS,
    guest: { rule: "built-in" },
    ttlMs: 5 * MINUTE_MS,
    ttlCapMs: HIGH_CAP_MS,
    // Too few entries to fill 60 pages at any size, so use a common size.
    entryBytes: name === "low" ? 1_000 : undefined,
    handover: false,
    eviction: false,
    real: false,
    ...change,
  };
}

/** Name of a case in tables, results and figures. */
export function caseName({ source, guest, ttlMs, ttlCapMs, handover, eviction }: Case): string {
  const workload = source.kind === "scenario" ? source.name : traceName(source.file);
  const guestName = "rule" in guest ? guest.rule : guest.file.split("/").at(-1)!;
  const capped = ttlCapMs < ttlMs ? ` cap=${ttlCapMs / 1_000}s` : "";
  return `${workload} T=${ttlMs / 1_000}s${capped} ${guestName}${handover ? " handover" : ""}${eviction ? " eviction" : ""}`;
}

/** Name of a recorded trace: its file name without folder and `.csv`. */
export function traceName(file: string): string {
  return file
    .split("/")
    .at(-1)!
    .replace(/\.csv$/, "");
}
