import type { EvalResults, Gap, RunRow, ScenarioInfo } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";

/** The runs of one policy in one scenario, seeds averaged. */
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

/** What the runs of one scenario say together. */
export interface ScenarioSummary {
  readonly name: string;
  readonly info: ScenarioInfo | undefined;
  readonly gap: Gap | undefined;
  readonly policies: ReadonlyMap<string, PolicySummary>;
}

/** Every scenario that is named anywhere in the results, in their order. */
export function summarize(results: EvalResults): ScenarioSummary[] {
  const names = new Set([...results.scenarios, ...named(results.runs), ...named(results.gaps)].map(({ name }) => name));
  const runsOf = Map.groupBy(results.runs, ({ scenario }) => scenario);
  return [...names].map((name) => ({
    name,
    info: results.scenarios.find((info) => info.name === name),
    gap: results.gaps.find(({ scenario }) => scenario === name),
    policies: new Map(
      [...Map.groupBy(runsOf.get(name) ?? [], ({ policy }) => policy)].map(([policy, runs]) => [
        policy,
        summarizePolicy(policy, runs),
      ]),
    ),
  }));
}

const LOW_TRAFFIC = "low";

/**
 * Whether a scenario is one that the optimum is the measure for. Low traffic is not: with hardly a growth event there is
 * nothing to learn from, and `measured` is to be like `never`. Nor is a TTL that the estimator is not allowed to believe.
 */
export function isHeldToOptimum({ info }: ScenarioSummary): boolean {
  return info === undefined || (info.workload !== LOW_TRAFFIC && info.ttlCapMs >= info.ttlMs);
}

/** Mean allocated of `measured` over what the optimum needs at the same extra outbound; NaN where it was not computed. */
export function overOptimum({ gap }: ScenarioSummary): number {
  return quotient(gap?.meanAllocatedBytes, gap?.optimumBytes) - 1;
}

/** The same over the best swept uptime; below 0 where `measured` needs less. */
export function overUptime({ gap }: ScenarioSummary): number {
  return quotient(gap?.meanAllocatedBytes, gap?.bestUptimeBytes) - 1;
}

export function neverBytes({ gap, policies }: ScenarioSummary): number {
  return gap?.neverBytes ?? policies.get("never")?.meanAllocatedBytes ?? Number.NaN;
}

export function measuredBytes({ gap, policies }: ScenarioSummary): number {
  return gap?.meanAllocatedBytes ?? policies.get("measured")?.meanAllocatedBytes ?? Number.NaN;
}

export function measuredExtra({ gap, policies }: ScenarioSummary): number {
  return gap?.extraOutbound ?? policies.get("measured")?.extraOutbound ?? Number.NaN;
}

/** The part of the memory that `never` holds and `measured` gives back. */
export function savedShare(summary: ScenarioSummary): number {
  return 1 - quotient(measuredBytes(summary), neverBytes(summary));
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

function named(rows: readonly { readonly scenario: string }[]): { name: string }[] {
  return rows.map(({ scenario }) => ({ name: scenario }));
}
