import type { GrowthRule } from "./guests/cache-guest.ts";
import type { ModuleSetup } from "./guests/module-guest.ts";
import type { DecisionKey } from "./workload/read-trace.ts";
import { scenarioNamed } from "./workload/scenarios.ts";

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
  /** Run the variants of policies (other shares, other readings of the paper) with these seeds; undefined: with all. */
  readonly variantSeeds?: readonly number[];
  /** Run only these families of opponents and `never`; undefined: all. */
  readonly families?: readonly string[];
}

const MINUTE_MS = 60_000;
/** Above every TTL here. */
const HIGH_CAP_MS = 7_200_000;
/** The product's default. */
const DEFAULT_CAP_MS = 600_000;

const TTLS_MS = [60_000, 300_000, 1_200_000, 3_600_000];
/** Days that run at every TTL. */
const DAYS = ["constant", "diurnal", "flash-crowd", "sessions"];
const SCENARIO_NAMES = [...DAYS, "low"];
/** Workloads that run at one TTL, with these seeds by default. */
const FURTHER_SEEDS: Readonly<Record<string, readonly number[]>> = {
  "low-hits": [1, 2],
  bursts: [1, 2],
  decline: [1, 2],
  week: [1],
  growth: [1],
  "ttl-down": [1, 2],
  "ttl-up": [1, 2],
  "two-ttls": [1, 2],
  "denial-flood": [1, 2],
};
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
const VARIANT_SEEDS = SEEDS.slice(0, 1);

/** The default set takes less than ten minutes on two cores. `full` takes hours. */
export function standardCases(full: boolean): Case[] {
  const cases: Case[] = [];
  const rules = full ? TTLS_MS : [5 * MINUTE_MS];
  for (const name of SCENARIO_NAMES) {
    for (const ttlMs of TTLS_MS)
      cases.push(...bothWays(caseOf(name, { ttlMs, real: full || ttlMs === 5 * MINUTE_MS })));
  }
  for (const name of Object.keys(FURTHER_SEEDS)) {
    const { ttlMs = 5 * MINUTE_MS } = scenarioNamed(name).ttl ?? {};
    cases.push(...bothWays(caseOf(name, { ttlMs })));
  }
  for (const ttlMs of rules) {
    for (const rule of OTHER_RULES) {
      const ttlCapMs = ENDLESS_RULES.has(rule) ? DEFAULT_CAP_MS : HIGH_CAP_MS;
      const names = full || rule === "doubling" || rule === "lazy-expiry" ? DAYS : ["constant", "diurnal"];
      for (const name of names) cases.push(caseOf(name, { ttlMs, ttlCapMs, guest: { rule }, real: full }));
    }
  }
  for (const name of ["constant", "low"]) {
    cases.push(caseOf(name, { ttlCapMs: DEFAULT_CAP_MS, guest: { rule: "calls-nobody" } }));
  }
  for (const name of full ? SCENARIO_NAMES : ["diurnal"]) {
    for (const ttlMs of full ? TTLS_MS : [20 * MINUTE_MS])
      cases.push(...bothWays(caseOf(name, { ttlMs, ttlCapMs: DEFAULT_CAP_MS })));
    for (const ttlMs of rules) cases.push(...bothWays(caseOf(name, { ttlMs, eviction: true })));
  }
  if (!full) cases.push(...bothWays(caseOf("low", { ttlMs: 5 * MINUTE_MS, eviction: true })));
  return full ? cases : cases.map((each) => ({ ...each, seeds: seedsInTime(each), variantSeeds: VARIANT_SEEDS }));
}

/** The case with the lossy restarts of a filter without handover, and with handover, the product's default. */
export function bothWays(plain: Case): [plain: Case, withHandover: Case] {
  return [plain, { ...plain, handover: true, real: false }];
}

/** The days of the built-in filter, on which the figures rest, run with all seeds at the usual TTL, and with two at others. */
function seedsInTime({ source, guest, ttlMs, ttlCapMs, eviction }: Case): readonly number[] {
  if (!("rule" in guest) || guest.rule !== "built-in") return SEEDS.slice(0, 1);
  const name = source.kind === "scenario" ? source.name : "";
  if (DAYS.includes(name) && !eviction && ttlCapMs >= ttlMs) return ttlMs === 5 * MINUTE_MS ? SEEDS : SEEDS.slice(0, 2);
  return FURTHER_SEEDS[name] ?? SEEDS.slice(0, 1);
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
  const workload = workloadName(source);
  const guestName = "rule" in guest ? guest.rule : guest.file.split("/").at(-1)!;
  const capped = ttlCapMs < ttlMs ? ` cap=${ttlCapMs / 1_000}s` : "";
  return `${workload} T=${ttlMs / 1_000}s${capped} ${guestName}${handover ? " handover" : ""}${eviction ? " eviction" : ""}`;
}

/** Name of a workload; that of a trace also says how it is replayed, unless as it was recorded and by client. */
export function workloadName(source: Source): string {
  if (source.kind === "scenario") return source.name;
  const { file, decisionKey, speed } = source;
  return `${traceName(file)}${decisionKey === "client" ? "" : ` by ${decisionKey}`}${speed === 1 ? "" : ` ${speed}x`}`;
}

/** Name of a recorded trace: its file name without folder and `.csv`. */
export function traceName(file: string): string {
  return file
    .split("/")
    .at(-1)!
    .replace(/\.csv$/, "");
}
