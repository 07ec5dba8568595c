import type { Estimate } from "../estimate/estimate.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";

/** The input of a policy. Policies keep no state, so several can judge the same situation. */
export interface RestartSituation {
  readonly nowMs: number;
  /** The estimate for `nowMs`. */
  readonly estimate: Estimate;
  /** The estimate for `nowMs` by the paper's rule. */
  readonly paper: PaperEstimate;
  /** Earlier estimates by the paper's rule, oldest first; see `EstimateTrail`. */
  readonly previous: readonly PaperEstimate[];
  /** The filter hands its live entries to the next generation. */
  readonly handover: boolean;
  /** Extra outbound calls that restarts may still cost, see call-account.ts. */
  readonly creditCalls: number;
  /** Price of a restart in extra outbound calls: now, and at each step of the next TTL. */
  readonly lostCalls: readonly number[];
  /** Sum over the instance's life of allocated - handedOver. */
  readonly carriedByteMs: number;
  /** The filter asks nobody, and its memory keeps growing; see call-free-growth.ts. */
  readonly growsWithoutCalls: boolean;
  /** The filter asks for a fresh instance (`wasm_need_rebuild`). */
  readonly restartWanted: boolean;
  /** CPU of a restart, and what restarts may still take, in ms; see work-account.ts. */
  readonly workMs: number;
  readonly workCreditMs: number;
  /** Bytes by which memory grew from the previous sample to this one. */
  readonly grownBytes: number;
  /** A random number from 0 to 1 for each generation, so that many objects do not restart in step. */
  readonly jitter: number;
}

/** Why a policy restarts. */
export type RestartReason =
  | "required_fell"
  | "grows_without_calls"
  | "uptime"
  | "threshold"
  | "hard_limit"
  | "maximum_uptime"
  | "filter_asked";

/** Why a policy keeps the instance. */
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

/** A policy's decision, with the condition that decided it. */
export type RestartVerdict =
  | { readonly restart: true; readonly reason: RestartReason }
  | { readonly restart: false; readonly reason: KeepReason };

/** Decides whether to restart now. Pure: the same situation gives the same verdict. */
export type RestartPolicy = (situation: RestartSituation) => RestartVerdict;

export function keep(reason: KeepReason): RestartVerdict {
  return { restart: false, reason };
}

export function restart(reason: RestartReason): RestartVerdict {
  return { restart: true, reason };
}
