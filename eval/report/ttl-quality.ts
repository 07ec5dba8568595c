import type { EvalResults } from "../results.ts";
import { average, greatest } from "./average.ts";
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
  /** The greatest factor between estimate and truth while the TTL counted as measured, over all runs. */
  readonly worstFactor: number;
  /** The longest time for which the TTL counted as measured and was off by more than 25 %, over all runs. */
  readonly longestOffMs: number;
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
    worstFactor: greatest(runs.map((run) => run.ttl?.worstWhileMeasured)),
    longestOffMs: greatest(runs.map((run) => run.ttl?.longestOffMs)),
    requiredError: average(runs.map((run) => run.requiredError)),
  }));
}
