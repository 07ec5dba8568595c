import type { OutboundCurve } from "./outbound-curve.ts";

/**
 * Net extra outbound calls if the cache were lost now: the sum over the calls of the last TTL of h x (1 - age / T), where h
 * is the share of hits (docs/model.md, identity 5). An entry that is never requested again costs nothing. An old one costs
 * little: it would soon have been fetched anyway.
 */
export function lostCalls(curve: OutboundCurve, ttlMs: number, hitShare: number): number {
  const nowMs = curve.endMs;
  let lost = 0;
  for (const { calls, middleMs } of curve.piecesSince(nowMs - ttlMs)) lost += calls * (1 - (nowMs - middleMs) / ttlMs);
  return hitShare * Math.max(0, lost);
}
