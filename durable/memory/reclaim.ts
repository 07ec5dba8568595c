import type { IsolateLimits } from "../../config/index.ts";
import { MIB } from "../../wasm/byte-units.ts";
import { hasElapsed } from "../runtime/elapsed.ts";

/** When a collection is provoked. Durations in ms, sizes in bytes. */
export interface ReclaimSettings {
  /** V8 gets this long to collect on its own, as it does under load. */
  readonly delayMs: number;
  /** So much is worth the 10-55 ms for which a collection blocks the isolate. Less waits until they are paid for. */
  readonly largeBytes: number;
  /** Minimum time between two collections. */
  readonly minIntervalMs: number;
  /** The same if the isolate's budget is short. */
  readonly urgentIntervalMs: number;
  /** Time after a collection for the FinalizationRegistry callbacks to run. */
  readonly effectMs: number;
  /** After this many collections in a row without effect, we assume that they cannot be forced in this runtime. */
  readonly givesUpAfter: number;
}

/** Not configurable. */
const FIXED: Omit<ReclaimSettings, "delayMs"> = {
  largeBytes: 4 * MIB,
  minIntervalMs: 2_000,
  urgentIntervalMs: 100,
  effectMs: 250,
  givesUpAfter: 3,
};

export function reclaimSettings({ collectAfterMs }: Pick<IsolateLimits, "collectAfterMs">): ReclaimSettings {
  return { ...FIXED, delayMs: collectAfterMs };
}

export interface ReclaimSituation {
  readonly nowMs: number;
  /** Released, not yet collected, and not known to be pinned. */
  readonly bytes: number;
  /** When the oldest of it was released. */
  readonly sinceMs: number | undefined;
  readonly provokedAtMs: number | undefined;
  /** From when on a collection of a small amount is paid for (`CollectionCredit`). */
  readonly affordableAtMs: number;
  /** Whether we still wait for the effect of the last collection. */
  readonly underWay: boolean;
  readonly failuresInARow: number;
  /** The isolate's budget is short: any amount is worth a collection, and there is no time to wait for V8. */
  readonly urgent: boolean;
}

/** Reason for a decision. */
export type ReclaimReason =
  | "nothing_retired"
  /** Too many forced collections in a row had no effect. */
  | "no_effect_here"
  | "effect_awaited"
  /** V8 still has time to collect on its own. */
  | "left_to_v8"
  | "rate_limited"
  /** Too little memory to be worth a collection beyond the budget of CPU. */
  | "over_cpu_budget"
  | "due";

export type ReclaimDecision =
  | { readonly kind: "provoke"; readonly reason: "due" }
  | { readonly kind: "wait"; readonly reason: ReclaimReason; readonly untilMs: number }
  /** Decide again at the first request after `untilMs`. A timer would keep an idle object in memory, and billed, for minutes. */
  | { readonly kind: "defer"; readonly reason: "over_cpu_budget"; readonly untilMs: number }
  /** Nothing to do until more memory is released. */
  | { readonly kind: "rest"; readonly reason: ReclaimReason };

/** Decides whether to force a collection now, to check again later, or to rest. */
export function reclaimDecision(situation: ReclaimSituation, settings: ReclaimSettings): ReclaimDecision {
  const { nowMs, bytes, sinceMs, provokedAtMs, affordableAtMs, urgent } = situation;
  if (situation.failuresInARow >= settings.givesUpAfter) return { kind: "rest", reason: "no_effect_here" };
  if (situation.underWay) {
    // A clock that was set back must not delay this either.
    const awaitedSinceMs = Math.min(provokedAtMs ?? nowMs, nowMs);
    return { kind: "wait", reason: "effect_awaited", untilMs: awaitedSinceMs + settings.effectMs };
  }
  if (bytes === 0 || sinceMs === undefined) return { kind: "rest", reason: "nothing_retired" };

  // A release or a collection in the future means that the clock was set back: it counts as long ago.
  const endOf = (startMs: number, pauseMs: number): number =>
    hasElapsed(startMs, pauseMs, nowMs) ? nowMs : startMs + pauseMs;
  const leftToV8UntilMs = urgent ? nowMs : endOf(sinceMs, settings.delayMs);
  const intervalMs = urgent ? settings.urgentIntervalMs : settings.minIntervalMs;
  const limitedUntilMs = provokedAtMs === undefined ? nowMs : endOf(provokedAtMs, intervalMs);
  const untilMs = Math.max(leftToV8UntilMs, limitedUntilMs);
  if (untilMs > nowMs) {
    return { kind: "wait", reason: limitedUntilMs > leftToV8UntilMs ? "rate_limited" : "left_to_v8", untilMs };
  }
  const mustBePaid = bytes < settings.largeBytes && !urgent;
  if (mustBePaid && affordableAtMs > nowMs)
    return { kind: "defer", reason: "over_cpu_budget", untilMs: affordableAtMs };
  return { kind: "provoke", reason: "due" };
}
