import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lostCalls } from "./lost-calls.ts";
import { OutboundCurve } from "./outbound-curve.ts";

const TTL_MS = 100_000;

function curveOf(calls: readonly number[], stepMs = 10_000): OutboundCurve {
  const curve = new OutboundCurve(0);
  for (const [index, count] of calls.entries()) curve.push((index + 1) * stepMs, count, count);
  return curve;
}

describe("the calls lost with the cache", () => {
  it("are those of the last TTL, each weighted by its remaining share of the TTL, times the share of hits", () => {
    const curve = curveOf([0, 0, 0, 0, 0, 100, 0, 0, 0, 40]);
    // Written 45 s and 5 s ago on average.
    expect(lostCalls(curve, TTL_MS, 0.5)).toBeCloseTo(0.5 * (100 * 0.55 + 40 * 0.95));
  });

  it("are half of the live entries under steady load when every request is a hit", () => {
    const curve = curveOf(Array.from({ length: 30 }, () => 10));
    expect(lostCalls(curve, TTL_MS, 1)).toBeCloseTo(50);
  });

  it("are none when nothing is requested twice, or when all entries have expired", () => {
    expect(lostCalls(curveOf([100, 100]), TTL_MS, 0)).toBe(0);
    expect(lostCalls(curveOf([500, ...Array.from({ length: 11 }, () => 0)]), TTL_MS, 1)).toBe(0);
  });

  it("equal the formula applied to single calls", () => {
    const anyCall = fc.record({ atMs: fc.integer({ min: 1, max: 400 }), calls: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(anyCall, { minLength: 1, maxLength: 40 }), (given) => {
        const perSecond = new Array<number>(401).fill(0);
        for (const { atMs, calls } of given) perSecond[atMs]! += calls;
        const curve = curveOf(perSecond.slice(1), 1_000);
        let expected = 0;
        for (const [second, calls] of perSecond.entries()) {
          const ageMs = (400 - second + 0.5) * 1_000;
          if (second > 0 && ageMs < TTL_MS) expected += calls * (1 - ageMs / TTL_MS);
        }
        expect(lostCalls(curve, TTL_MS, 0.7)).toBeCloseTo(0.7 * expected, 6);
      }),
    );
  });

  it("are never more than the calls of the last TTL", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 40 }), fc.integer({ min: 1, max: 600_000 }), (calls, ttlMs) => {
        const curve = curveOf(calls);
        const lost = lostCalls(curve, ttlMs, 1);
        expect(lost).toBeGreaterThanOrEqual(0);
        expect(lost).toBeLessThanOrEqual(curve.callsIn(curve.endMs - ttlMs, curve.endMs) + 1e-6);
      }),
    );
  });
});
