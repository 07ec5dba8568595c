import type { OutboundCurve } from "./outbound-curve.ts";

/** Windows that are tried: 1, 2, 4, … times the TTL. */
const LONGEST_WINDOW = 16;
/** Standard deviations by which a longer window may differ before the load counts as changed. */
const SAME_LOAD = 3.7;

/** Outbound calls in one TTL under the load of now, and how uncertain that is. */
export interface Demand {
  readonly calls: number;
  /** Standard deviation of `calls`. */
  readonly error: number;
}

/**
 * Outbound calls in one TTL under today's load, from as long a look back as the load was the same (Lepski's method): the
 * last TTL alone, then twice as long, and so on, until a longer window contradicts a shorter one. Under steady load
 * chance evens out, under a load that changes nothing is averaged away.
 *
 * @param fromMs no window reaches back before this: an instance that has just started fetches more than it later will
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
