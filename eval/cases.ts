import type { GrowthRule } from "./guests/cache-guest.ts";
import type { DecisionKey } from "./workload/read-trace.ts";

/** Where the requests of a case come from. */
export type Source =
  | { readonly kind: "scenario"; readonly name: string }
  | { readonly kind: "trace"; readonly file: string; readonly decisionKey: DecisionKey; readonly speed: number };

/** A workload with a guest, under all opponents. Plain data, so that it can be sent to a worker thread. */
export interface Case {
  readonly source: Source;
  readonly seeds: readonly number[];
  readonly guest: { readonly rule: GrowthRule } | { readonly file: string; readonly configuration: string };
  readonly ttlMs: number;
  readonly ttlCapMs: number;
  /** Undefined: such that the peak takes about 60 pages. */
  readonly entryBytes: number | undefined;
  readonly handover: boolean;
  readonly eviction: boolean;
  /** The built-in filter's real module runs too, with the first seed, under the policies that matter most. */
  readonly real: boolean;
  /** Only these families of opponents, beside `never`; undefined: all. */
  readonly families?: readonly string[];
}

const MINUTE_MS = 60_000;
/** Above every TTL here. */
const HIGH_CAP_MS = 7_200_000;
/** As the product is shipped. */
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
/** Rules by which memory goes on growing: the cap on the TTL is what they are judged by. */
const ENDLESS_RULES: ReadonlySet<GrowthRule> = new Set(["lazy-expiry", "leak"]);

export const SEEDS = [1, 2, 3, 4, 5];

/** The default set: what fits into ten minutes on two cores. `full`: every combination that the questions ask for. */
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

/** What the figures rest on is repeated over all seeds; what only shows that a guest is recognised, over two. */
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
    // Of few entries no size makes thirty pages; they are of a usual one.
    entryBytes: name === "low" ? 1_000 : undefined,
    handover: false,
    eviction: false,
    real: false,
    ...change,
  };
}

/** What a case is called in tables, results and figures. */
export function caseName({ source, guest, ttlMs, ttlCapMs, handover, eviction }: Case): string {
  const workload = source.kind === "scenario" ? source.name : traceName(source.file);
  const guestName = "rule" in guest ? guest.rule : guest.file.split("/").at(-1)!;
  const capped = ttlCapMs < ttlMs ? ` cap=${ttlCapMs / 1_000}s` : "";
  return `${workload} T=${ttlMs / 1_000}s${capped} ${guestName}${handover ? " handover" : ""}${eviction ? " eviction" : ""}`;
}

/** What a recorded trace is called: its file without folder and ending. */
export function traceName(file: string): string {
  return file
    .split("/")
    .at(-1)!
    .replace(/\.csv$/, "");
}
