import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_CAPACITY } from "../metrics/samples.ts";
import { OutboundCurve } from "./outbound-curve.ts";

/** A curve from time 0 with a sample every ten seconds of these calls, and twice as many requests. */
function curveOf(calls: readonly number[]): OutboundCurve {
  const curve = new OutboundCurve(0);
  for (const [index, count] of calls.entries()) curve.push((index + 1) * 10_000, count, 2 * count);
  return curve;
}

describe("the curve of outbound calls", () => {
  it("counts calls and requests from the start", () => {
    const curve = curveOf([3, 4]);
    expect([curve.outbound, curve.requests, curve.endMs]).toEqual([7, 14, 20_000]);
    expect(new OutboundCurve(5_000).endMs).toBe(5_000);
  });

  it("spreads calls evenly between two samples", () => {
    const curve = curveOf([10, 20, 40]);
    expect(curve.callsIn(0, 30_000)).toBe(70);
    expect(curve.callsIn(5_000, 15_000)).toBe(15);
    expect(curve.callsIn(25_000, 99_000)).toBe(20);
    expect(curve.requestsSince(25_000)).toBe(40);
  });

  it("has no calls before its start or after its end", () => {
    const curve = curveOf([10]);
    expect(curve.callsIn(-99_000, 10_000)).toBe(10);
    expect(curve.callsIn(-99_000, -1)).toBe(0);
    expect(curve.callsIn(10_000, 99_000)).toBe(0);
  });

  it("keeps its time and loses no call when the clock is set back", () => {
    const curve = curveOf([10]);
    curve.push(4_000, 5, 5);
    expect([curve.endMs, curve.outbound]).toEqual([10_000, 15]);
    curve.push(20_000, 5, 5);
    expect(curve.callsIn(10_000, 20_000)).toBe(5);
  });

  it("drops its oldest samples but keeps the totals", () => {
    const curve = curveOf(Array.from({ length: 2_000 }, () => 1));
    expect(curve.outbound).toBe(2_000);
    expect(curve.first).toBe(2_001 - DEFAULT_CAPACITY);
    expect(curve.callsIn(0, curve.endMs)).toBe(DEFAULT_CAPACITY - 1);
    expect(curve.callsIn(curve.endMs - 100_000, curve.endMs)).toBe(10);
  });

  it("finds the same point with a moving cursor as with a new search", () => {
    const curve = curveOf([1, 2, 3, 4, 5]);
    let cursor = 0;
    for (const cutMs of [0, 9_999, 10_000, 24_000, 31_000, 49_000]) {
      cursor = curve.advance(cursor, cutMs);
      expect(cursor).toBe(curve.advance(0, cutMs));
      expect(curve.outbound - curve.callsBefore(cutMs, cursor)).toBeCloseTo(curve.callsIn(cutMs, curve.endMs));
    }
  });

  it("gives its calls in pieces that add up, newest first", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }), fc.nat(500_000), (calls, fromMs) => {
        const curve = curveOf(calls);
        const pieces = [...curve.piecesSince(fromMs)];
        const sum = pieces.reduce((total, piece) => total + piece.calls, 0);
        expect(sum).toBeCloseTo(curve.callsIn(fromMs, curve.endMs));
        const middles = pieces.map(({ middleMs }) => middleMs);
        expect(middles).toEqual(middles.toSorted((a, b) => b - a));
        expect(middles.every((middleMs) => middleMs >= fromMs && middleMs <= curve.endMs)).toBe(true);
      }),
    );
  });
});
