import type { Estimate } from "../estimate/estimate.ts";
import type { History } from "../estimate/history.ts";
import type { Samples } from "../metrics/samples.ts";

/** Everything a policy may look at. Policies keep no state of their own, so that two can judge side by side. */
export interface RestartSituation {
  nowMs: number;
  /** The estimate of this moment. */
  estimate: Estimate;
  /** Earlier estimates, oldest first, without that of this moment; see `EstimateTrail`. */
  previous: readonly Estimate[];
  history: History;
  samples: Samples;
}

/** Why a policy restarts. */
export type RestartReason = "required_fell";

/** Why a policy lets the instance run on. */
export type KeepReason =
  | "never"
  | "collecting"
  | "below_baseline"
  | "trend_unknown"
  | "required_not_falling"
  | "surplus_not_rising";

/** The answer, with the one condition that decided it. */
export type RestartVerdict = { restart: true; reason: RestartReason } | { restart: false; reason: KeepReason };

/** Whether to restart now. Pure: the same situation gives the same verdict. */
export type RestartPolicy = (situation: RestartSituation) => RestartVerdict;
