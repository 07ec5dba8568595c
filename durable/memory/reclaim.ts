import type { IsolateLimits } from "../../config/index.ts";
import { MIB } from "../../wasm/byte-units.ts";
/** When a collection is provoked. Durations in ms, sizes in bytes. */
export interface ReclaimSettings {
  /** V8 gets this long to collect by itself, as it does under load. */
  readonly delayMs: number;
  /** A collection costs 10-55 ms of the isolate; for less than this it does not pay. */
  readonly minBytes: number;
  /** Between two of them. */
  readonly minIntervalMs: number;
  /** Between two of them where the isolate's budget is short. */
  readonly urgentIntervalMs: number;
  /** How long after it the registry may take to tell. */
  readonly effectMs: number;
  /** So many without effect in a row, and the runtime is taken not to have this way. */
  readonly givesUpAfter: number;
}

/** What the configuration does not say. */
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
  /** Let go of, not yet collected, and not known to be pinned. */
  readonly bytes: number;
  /** Since when the oldest of it. */
  readonly sinceMs: number | undefined;
  readonly provokedAtMs: number | undefined;
  /** Whether the last one's effect is still awaited. */
  readonly underWay: boolean;
  readonly failuresInARow: number;
  /** The isolate's budget is short: any amount pays, and there is no time to wait for V8. */
  readonly urgent: boolean;
}

/** What a decision was made by. */
export type ReclaimReason =
  | "nothing_retired"
  | "too_little_retired"
  /** Collections that were provoked had no effect, too often in a row. */
  | "no_effect_here"
  | "effect_awaited"
  /** V8 has its time to collect by itself. */
  | "left_to_v8"
  | "rate_limited"
  | "due";

export type ReclaimDecision =
  | { readonly kind: "provoke"; readonly reason: "due" }
  | { readonly kind: "wait"; readonly reason: ReclaimReason; readonly untilMs: number }
  /** Nothing to come back for until something else is let go of. */
  | { readonly kind: "rest"; readonly reason: ReclaimReason };

/** Whether to provoke a collection now, to look again at a time, or to rest. */
export function reclaimDecision(situation: ReclaimSituation, settings: ReclaimSettings): ReclaimDecision {
  const { nowMs, bytes, sinceMs, provokedAtMs, urgent } = situation;
  if (situation.failuresInARow >= settings.givesUpAfter) return { kind: "rest", reason: "no_effect_here" };
  if (situation.underWay) {
    // A clock that was set back must not put it off either.
    const awaitedSinceMs = Math.min(provokedAtMs ?? nowMs, nowMs);
    return { kind: "wait", reason: "effect_awaited", untilMs: awaitedSinceMs + settings.effectMs };
  }
  if (bytes === 0 || sinceMs === undefined) return { kind: "rest", reason: "nothing_retired" };
  if (bytes < settings.minBytes && !urgent) return { kind: "rest", reason: "too_little_retired" };

  const leftToV8UntilMs = urgent ? nowMs : sinceMs + settings.delayMs;
  const interval = urgent ? settings.urgentIntervalMs : settings.minIntervalMs;
  const limitedUntilMs = provokedAtMs === undefined ? nowMs : provokedAtMs + interval;
  // A clock that was set back must not put it off for longer than the settings say.
  const longest = Math.max(settings.delayMs, interval);
  const untilMs = Math.min(Math.max(leftToV8UntilMs, limitedUntilMs), nowMs + longest);
  if (untilMs <= nowMs) return { kind: "provoke", reason: "due" };
  return { kind: "wait", reason: limitedUntilMs > leftToV8UntilMs ? "rate_limited" : "left_to_v8", untilMs };
}
