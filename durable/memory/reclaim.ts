import type { IsolateLimits } from "../../config/index.ts";
import { MIB } from "../../wasm/byte-units.ts";
/** When a collection is provoked. Durations in ms, sizes in bytes. */
export interface ReclaimSettings {
  /** V8 gets this long to collect on its own, as it does under load. */
  readonly delayMs: number;
  /** A collection blocks the isolate for 10-55 ms, which less memory than this is not worth. */
  readonly minBytes: number;
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
  minBytes: 4 * MIB,
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
  /** Whether we still wait for the effect of the last collection. */
  readonly underWay: boolean;
  readonly failuresInARow: number;
  /** The isolate's budget is short: any amount is worth a collection, and there is no time to wait for V8. */
  readonly urgent: boolean;
}

/** Reason for a decision. */
export type ReclaimReason =
  | "nothing_retired"
  | "too_little_retired"
  /** Too many forced collections in a row had no effect. */
  | "no_effect_here"
  | "effect_awaited"
  /** V8 still has time to collect on its own. */
  | "left_to_v8"
  | "rate_limited"
  | "due";

export type ReclaimDecision =
  | { readonly kind: "provoke"; readonly reason: "due" }
  | { readonly kind: "wait"; readonly reason: ReclaimReason; readonly untilMs: number }
  /** Nothing to do until more memory is released. */
  | { readonly kind: "rest"; readonly reason: ReclaimReason };

/** Decides whether to force a collection now, to check again later, or to rest. */
export function reclaimDecision(situation: ReclaimSituation, settings: ReclaimSettings): ReclaimDecision {
  const { nowMs, bytes, sinceMs, provokedAtMs, urgent } = situation;
  if (situation.failuresInARow >= settings.givesUpAfter) return { kind: "rest", reason: "no_effect_here" };
  if (situation.underWay) {
    // A clock that was set back must not delay this either.
    const awaitedSinceMs = Math.min(provokedAtMs ?? nowMs, nowMs);
    return { kind: "wait", reason: "effect_awaited", untilMs: awaitedSinceMs + settings.effectMs };
  }
  if (bytes === 0 || sinceMs === undefined) return { kind: "rest", reason: "nothing_retired" };
  if (bytes < settings.minBytes && !urgent) return { kind: "rest", reason: "too_little_retired" };

  const leftToV8UntilMs = urgent ? nowMs : sinceMs + settings.delayMs;
  const interval = urgent ? settings.urgentIntervalMs : settings.minIntervalMs;
  const limitedUntilMs = provokedAtMs === undefined ? nowMs : provokedAtMs + interval;
  // A clock that was set back must not delay this for longer than the settings say.
  const longest = Math.max(settings.delayMs, interval);
  const untilMs = Math.min(Math.max(leftToV8UntilMs, limitedUntilMs), nowMs + longest);
  if (untilMs <= nowMs) return { kind: "provoke", reason: "due" };
  return { kind: "wait", reason: limitedUntilMs > leftToV8UntilMs ? "rate_limited" : "left_to_v8", untilMs };
}
