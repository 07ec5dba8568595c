import type { Estimate } from "../estimate/estimate.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";

/** Everything a policy may look at. Policies keep no state of their own, so that two can judge side by side. */
export interface RestartSituation {
  readonly nowMs: number;
  /** The estimate of this moment. */
  readonly estimate: Estimate;
  /** The same moment by the paper's rule, and earlier ones, oldest first; see `EstimateTrail`. */
  readonly paper: PaperEstimate;
  readonly previous: readonly PaperEstimate[];
  /** Extra outbound calls that restarts may still cost, see credit.ts. */
  readonly creditCalls: number;
  /** What a restart now would cost, in extra outbound calls, see price.ts. */
  readonly priceCalls: number;
  /** Bytes grown since the sample before the last. */
  readonly grownBytes: number;
  /** From 0 to 1, drawn anew for each generation, so that many objects do not restart in step. */
  readonly jitter: number;
}

/** Why a policy restarts. */
export type RestartReason =
  | "required_fell"
  | "grows_without_end"
  | "uptime"
  | "threshold"
  | "hard_limit"
  | "maximum_uptime";

/** Why a policy lets the instance run on. */
export type KeepReason =
  | "never"
  | "collecting"
  | "minimum_lifetime"
  | "below_baseline"
  | "trend_unknown"
  | "required_not_falling"
  | "surplus_not_rising"
  | "too_little_growth"
  | "filling"
  | "no_credit"
  | "gain_below_price"
  | "below_uptime"
  | "below_threshold";

/** The answer, with the one condition that decided it. */
export type RestartVerdict =
  | { readonly restart: true; readonly reason: RestartReason }
  | { readonly restart: false; readonly reason: KeepReason };

/** Whether to restart now. Pure: the same situation gives the same verdict. */
export type RestartPolicy = (situation: RestartSituation) => RestartVerdict;

export function keep(reason: KeepReason): RestartVerdict {
  return { restart: false, reason };
}

export function restart(reason: RestartReason): RestartVerdict {
  return { restart: true, reason };
}
