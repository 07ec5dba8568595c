import type { EvalResults, Gap, RunRow, ScenarioInfo } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";

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
  readonly gap: Gap | undefined;
  readonly policies: ReadonlyMap<string, PolicySummary>;
}

/** Every scenario named in `scenarios`, `runs` or `gaps`, in order of appearance. */
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
 * Whether the optimum is a fair measure for a scenario. It is not for low traffic: memory hardly grows, so `measured` learns
 * nothing and should behave like `never`. Nor is it for a TTL above the cap, which the estimator cannot accept.
 */
export function isHeldToOptimum({ info }: ScenarioSummary): boolean {
  return info === undefined || (info.workload !== LOW_TRAFFIC && info.ttlCapMs >= info.ttlMs);
}

/** Mean allocated of `measured` over that of the optimum at the same extra outbound, as a share; NaN if unknown. */
export function overOptimum({ gap }: ScenarioSummary): number {
  return quotient(gap?.meanAllocatedBytes, gap?.optimumBytes) - 1;
}

/** The same over the best swept uptime; negative if `measured` needs less. */
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

/** Share of the memory of `never` that `measured` saves. */
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
