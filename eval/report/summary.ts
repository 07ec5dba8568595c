import type { EvalResults, Gap, HandoverGap, RunRow, ScenarioInfo } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";
import { type Spread, spread } from "./spread.ts";
import { isKnown, type MaybeNumber } from "./text.ts";

/** The runs of one policy in one scenario, averaged over seeds (except the peak, which is the greatest). */
export interface PolicySummary {
  readonly policy: string;
  readonly runs: number;
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  readonly meanRequiredBytes: number;
  readonly hitRate: number;
  readonly extraOutbound: number;
  readonly restarts: number;
  readonly requiredError: number;
}

/** All runs of one scenario, by policy. */
export interface ScenarioSummary {
  readonly name: string;
  readonly info: ScenarioInfo | undefined;
  /** One for each seed; none with handover. */
  readonly gaps: readonly Gap[];
  /** One for each seed; none without handover. */
  readonly handoverGaps: readonly HandoverGap[];
  readonly policies: ReadonlyMap<string, PolicySummary>;
}

/** Every scenario named in the results, in order of appearance. */
export function summarize(results: EvalResults): ScenarioSummary[] {
  const { scenarios, runs, gaps, handoverGaps } = results;
  const rows = [...runs, ...gaps, ...handoverGaps];
  const names = new Set([...scenarios.map(({ name }) => name), ...rows.map(({ scenario }) => scenario)]);
  const runsOf = Map.groupBy(runs, ({ scenario }) => scenario);
  return [...names].map((name) => ({
    name,
    info: scenarios.find((info) => info.name === name),
    gaps: gaps.filter(({ scenario }) => scenario === name),
    handoverGaps: handoverGaps.filter(({ scenario }) => scenario === name),
    policies: new Map(
      [...Map.groupBy(runsOf.get(name) ?? [], ({ policy }) => policy)].map(([policy, same]) => [
        policy,
        summarizePolicy(policy, same),
      ]),
    ),
  }));
}

/** The name in a table whose title already says that its scenarios ran with handover. */
export function nameInHalf({ name }: ScenarioSummary): string {
  return name.replace(/ handover\b/, "");
}

const LOW_TRAFFIC = "low";

/**
 * Whether the scenario can show what a policy is worth. Low traffic cannot: memory hardly grows, so `measured` learns nothing
 * and should behave like `never`. Nor can a TTL above the cap, which the estimator cannot accept, nor an object that is evicted.
 */
export function isTelling({ info }: ScenarioSummary): boolean {
  return info === undefined || (info.workload !== LOW_TRAFFIC && info.ttlCapMs >= info.ttlMs && !info.eviction);
}

export function isHeldToOptimum(summary: ScenarioSummary): boolean {
  return isTelling(summary) && isKnown(overOptimum(summary).mean);
}

/** Mean allocated of `measured` over that of the optimum at the same extra outbound, as a share. */
export function overOptimum({ gaps }: ScenarioSummary): Spread {
  return spread(gaps.map((gap) => quotient(gap.meanAllocatedBytes, gap.optimumBytes) - 1));
}

/** The same over the best timer at the same extra outbound; negative if `measured` needs less. */
export function overUptime({ gaps }: ScenarioSummary): Spread {
  return spread(gaps.map((gap) => quotient(gap.meanAllocatedBytes, gap.bestUptimeBytes) - 1));
}

/** The same over the best timer within the operator's share. */
export function overWithinShare({ gaps }: ScenarioSummary): Spread {
  return spread(gaps.map((gap) => quotient(gap.meanAllocatedBytes, gap.withinShareBytes) - 1));
}

/** Share of what the optimum saves over `never` that `measured` saves too, with the seed in which it is least. */
export function leastGapClosed({ gaps }: ScenarioSummary): number {
  return least(gaps.map((gap) => gap.gapClosed));
}

/** With handover: memory held by `measured` over that of the best of the timers, as a share. */
export function overLeastTimer({ handoverGaps }: ScenarioSummary): Spread {
  return spread(handoverGaps.map((gap) => quotient(gap.heldBytes, gap.leastTimerBytes) - 1));
}

/** With handover: memory held by `measured` over live entries in whole pages, as a share. */
export function overFloor({ handoverGaps }: ScenarioSummary): Spread {
  return spread(handoverGaps.map((gap) => quotient(gap.heldBytes, gap.floorBytes) - 1));
}

/** With handover: work of the restarts of `measured`. */
export function workShare({ handoverGaps }: ScenarioSummary): Spread {
  return spread(handoverGaps.map((gap) => gap.cpuShare));
}

export function worstDay({ gaps }: ScenarioSummary): number {
  return greatest(gaps.map((gap) => gap.extraOutboundWorstDay));
}

/** Mean of a number of the gaps over the seeds. */
export function ofGaps({ gaps }: ScenarioSummary, pick: (gap: Gap) => number): number {
  return average(gaps.map(pick));
}

export function ofHandoverGaps({ handoverGaps }: ScenarioSummary, pick: (gap: HandoverGap) => number): number {
  return average(handoverGaps.map(pick));
}

/** Least of the known values; NaN if there are none. */
export function least(values: readonly MaybeNumber[]): number {
  const known = values.filter(isKnown);
  return known.length > 0 ? Math.min(...known) : Number.NaN;
}

function summarizePolicy(policy: string, runs: readonly RunRow[]): PolicySummary {
  const mean = (pick: (run: RunRow) => number | null) => average(runs.map(pick));
  return {
    policy,
    runs: runs.length,
    meanAllocatedBytes: mean((run) => run.meanAllocatedBytes),
    peakAllocatedBytes: greatest(runs.map((run) => run.peakAllocatedBytes)),
    meanRequiredBytes: mean((run) => run.meanRequiredBytes),
    hitRate: mean((run) => quotient(run.hits, run.requests)),
    extraOutbound: mean((run) => run.extraOutbound),
    restarts: mean((run) => run.restarts),
    requiredError: mean((run) => run.requiredError),
  };
}
