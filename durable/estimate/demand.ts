import type { OutboundCurve } from "./outbound-curve.ts";

/** Tries windows of 1, 2, 4, … up to this many times the shortest. */
const LONGEST_WINDOW = 16;
/** Standard deviations by which a longer window may differ before the load counts as changed. */
const SAME_LOAD = 3.7;

/** Outbound calls in one TTL under today's load, and their uncertainty. */
export interface Demand {
  readonly calls: number;
  /** Standard deviation of `calls`. */
  readonly error: number;
  /** Time over which it was averaged. */
  readonly windowMs: number;
}

/**
 * Outbound calls in one TTL under today's load (Lepski's method). Starts with the last TTL alone and doubles the window
 * until a longer window contradicts a shorter one. So a steady load is averaged over a long time, and a change is not
 * averaged away.
 *
 * @param fromMs no window reaches back before this: a new instance makes more calls while its cache fills
 * @param leastMs the shortest window, if there is as much time since `fromMs`
 */
export function demandNow(curve: OutboundCurve, ttlMs: number, fromMs: number, leastMs: number): Demand {
  const nowMs = curve.endMs;
  const shortestMs = Math.max(ttlMs, Math.min(leastMs, nowMs - fromMs));
  const over = (windowMs: number): Demand => {
    const inWindow = curve.callsIn(nowMs - windowMs, nowMs);
    const times = windowMs / ttlMs;
    return { calls: inWindow / times, error: Math.sqrt(Math.max(inWindow, 1)) / times, windowMs };
  };
  let found = over(shortestMs);
  const tried: Demand[] = [found];
  for (let times = 2; times <= LONGEST_WINDOW && nowMs - times * shortestMs >= fromMs; times *= 2) {
    const next = over(times * shortestMs);
    if (tried.some(({ calls, error }) => Math.abs(calls - next.calls) > SAME_LOAD * error)) break;
    tried.push(next);
    found = next;
  }
  return found;
}
