import type { OutboundCurve } from "./outbound-curve.ts";

/** Tries windows of 1, 2, 4, … up to this many TTLs. */
const LONGEST_WINDOW = 16;
/** Standard deviations by which a longer window may differ before the load counts as changed. */
const SAME_LOAD = 3.7;

/** Outbound calls in one TTL under today's load, and their uncertainty. */
export interface Demand {
  readonly calls: number;
  /** Standard deviation of `calls`. */
  readonly error: number;
}

/**
 * Outbound calls in one TTL under today's load (Lepski's method). Starts with the last TTL alone and doubles the window
 * until a longer window contradicts a shorter one. So a steady load is averaged over a long time, and a change is not
 * averaged away.
 *
 * @param fromMs no window reaches back before this: a new instance makes more calls while its cache fills
 */
export function demandNow(curve: OutboundCurve, ttlMs: number, fromMs: number): Demand {
  const nowMs = curve.endMs;
  const last = curve.callsIn(nowMs - ttlMs, nowMs);
  let found: Demand = { calls: last, error: Math.sqrt(Math.max(last, 1)) };
  const tried: Demand[] = [found];
  for (let times = 2; times <= LONGEST_WINDOW && nowMs - times * ttlMs >= fromMs; times *= 2) {
    const inWindow = curve.callsIn(nowMs - times * ttlMs, nowMs);
    const next = { calls: inWindow / times, error: Math.sqrt(Math.max(inWindow, 1)) / times };
    if (tried.some(({ calls, error }) => Math.abs(calls - next.calls) > SAME_LOAD * error)) break;
    tried.push(next);
    found = next;
  }
  return found;
}
