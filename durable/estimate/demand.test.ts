import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demandNow } from "./demand.ts";
import { OutboundCurve } from "./outbound-curve.ts";

const TTL_MS = 100_000;

function curveOf(calls: readonly number[]): OutboundCurve {
  const curve = new OutboundCurve(0);
  for (const [index, count] of calls.entries()) curve.push((index + 1) * 10_000, count, count);
  return curve;
}

const steady = (samples: number, calls: number) => Array.from({ length: samples }, () => calls);

describe("today's demand", () => {
  it("is the number of calls in the last TTL", () => {
    expect(demandNow(curveOf(steady(10, 7)), TTL_MS, 0, 0).calls).toBeCloseTo(70);
  });

  it("is averaged over the time in which the load was steady", () => {
    const noisy = Array.from({ length: 160 }, (_, index) => (index % 20 < 10 ? 8 : 12));
    const demand = demandNow(curveOf(noisy), TTL_MS, 0, 0);
    expect(demand.calls).toBeCloseTo(100, 0);
    expect(demand.error).toBeLessThan(0.3 * Math.sqrt(100));
  });

  it("ignores calls before the last change of the load", () => {
    const fallen = curveOf([...steady(160, 50), ...steady(20, 10)]);
    expect(demandNow(fallen, TTL_MS, 0, 0).calls).toBeCloseTo(100);
  });

  it("ignores the time in which an instance fills", () => {
    const filling = curveOf([...steady(10, 11), ...steady(10, 10)]);
    expect(demandNow(filling, TTL_MS, TTL_MS, 0).calls).toBeCloseTo(100);
  });

  it("is averaged over the shortest window at least, if there is as much time", () => {
    const uneven = curveOf([...steady(50, 5), ...steady(10, 20)]);
    expect(demandNow(uneven, TTL_MS, 0, 0).calls).toBeCloseTo(200);
    expect(demandNow(uneven, TTL_MS, 0, 600_000)).toMatchObject({ calls: 75, windowMs: 600_000 });
    expect(demandNow(uneven, TTL_MS, 400_000, 600_000).windowMs).toBe(200_000);
  });

  it("lies between zero and the busiest possible TTL, with a finite error", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 200 }), (calls) => {
        const curve = curveOf(calls);
        const { calls: demand, error } = demandNow(curve, TTL_MS, 0, 0);
        expect(demand).toBeGreaterThanOrEqual(0);
        expect(demand).toBeLessThanOrEqual(10 * Math.max(...calls) + 1e-6);
        expect(error).toBeGreaterThan(0);
        expect(Number.isFinite(error)).toBe(true);
      }),
    );
  });
});
