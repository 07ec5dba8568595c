import type { EvalResults, RunRow } from "../results.ts";
import { average } from "./average.ts";
import { isKnown } from "./text.ts";

/** How well the runs of `measured` in one scenario knew the TTL. */
export interface TtlQuality {
  readonly scenario: string;
  readonly ttlMs: number;
  readonly runs: number;
  /** Runs in which the TTL counted as measured at least once. */
  readonly known: number;
  readonly knownAfterMs: number;
  /** Mean of the runs' last estimates, each divided by the truth. */
  readonly lastRatio: number;
  /** The estimate furthest from the truth while the TTL counted as measured, over all runs, divided by the truth. */
  readonly worstRatio: number;
  readonly requiredError: number;
}

export function ttlQuality(results: EvalResults): TtlQuality[] {
  const runsOf = Map.groupBy(
    results.runs.filter(({ policy }) => policy === "measured"),
    ({ scenario }) => scenario,
  );
  return [...runsOf].map(([scenario, runs]) => ({
    scenario,
    ttlMs: results.scenarios.find(({ name }) => name === scenario)?.ttlMs ?? Number.NaN,
    runs: runs.length,
    known: runs.filter((run) => isKnown(run.ttlKnownAfterMs)).length,
    knownAfterMs: average(runs.map((run) => run.ttlKnownAfterMs)),
    lastRatio: average(runs.map((run) => run.ttlRatio)),
    worstRatio: worstRatio(runs),
    requiredError: average(runs.map((run) => run.requiredError)),
  }));
}

function worstRatio(runs: readonly RunRow[]): number {
  const ratios = runs.map((run) => run.ttlWorstRatio).filter(isKnown);
  return ratios.reduce(
    (worst, ratio) => (Math.abs(ratio - 1) > Math.abs(worst - 1) ? ratio : worst),
    ratios[0] ?? Number.NaN,
  );
}
