import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILL_STEPS, FillPhases, shapeByHits } from "./fill-phase.ts";
import { OutboundCurve } from "./outbound-curve.ts";

describe("the shape of a filling cache", () => {
  it("is a straight line if nothing is asked for twice", () => {
    const shape = shapeByHits(0);
    for (let step = 0; step < FILL_STEPS; step += 1) expect(shape[step]).toBeCloseTo((step + 1) / FILL_STEPS);
  });

  it("rises, faster at first and above a full cache at the end, the more hits there are", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (hitShare) => {
        const shape = shapeByHits(hitShare);
        let before = 0;
        for (const value of shape) {
          expect(value).toBeGreaterThanOrEqual(before);
          before = value;
        }
        expect(shape[FILL_STEPS - 1]).toBeGreaterThanOrEqual(1);
        expect(shape[FILL_STEPS - 1]).toBeLessThan(1.31);
      }),
    );
    expect(shapeByHits(0.8)[3]).toBeGreaterThan(shapeByHits(0.4)[3]!);
  });

  it("is learned from the calls since the cache was empty", () => {
    const curve = new OutboundCurve(0);
    for (let n = 0; n < 16; n += 1) curve.push((n + 1) * 10_000, 32 - n, 100);
    const fills = new FillPhases();
    expect(fills.shape).toBeUndefined();
    fills.filled(curve, 0, 160_000, 320);
    expect(fills.shape![0]).toBeCloseTo(32 / 320);
    expect(fills.shape![15]).toBeCloseTo(curve.outbound / 320);
  });

  it("is a mean of the last fills", () => {
    const fills = new FillPhases();
    const filled = (calls: number) => {
      const curve = new OutboundCurve(0);
      for (let n = 0; n < 16; n += 1) curve.push((n + 1) * 10_000, calls, 100);
      fills.filled(curve, 0, 160_000, 160);
    };
    filled(10);
    filled(20);
    expect(fills.shape![15]).toBeCloseTo(1 + 0.3);
  });

  it("is not learned without demand", () => {
    const fills = new FillPhases();
    fills.filled(new OutboundCurve(0), 0, 160_000, 0);
    fills.filled(new OutboundCurve(0), 0, 160_000, Number.NaN);
    expect(fills.shape).toBeUndefined();
  });
});
