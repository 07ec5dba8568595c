import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallTime } from "./call-time.ts";

function meanOf(tookMs: readonly number[]): number {
  const time = new CallTime();
  for (const took of tookMs) time.answered(took);
  return time.meanMs;
}

describe("the time an outbound call takes", () => {
  it("is unknown, and 0, before the first answer", () => {
    expect(meanOf([])).toBe(0);
  });

  it("is the unweighted mean of the first calls", () => {
    expect(meanOf([30, 10, 20])).toBeCloseTo(20);
  });

  it("follows a server that becomes slow", () => {
    const before = Array.from({ length: 100 }, () => 10);
    expect(meanOf([...before, ...before.slice(0, 40).map(() => 100)])).toBeGreaterThan(90);
    expect(meanOf([...before, 1_000])).toBeLessThan(80);
  });

  it("ignores a call during which the clock was set", () => {
    expect(meanOf([20, -5_000, Number.NaN, Number.POSITIVE_INFINITY])).toBe(20);
  });

  it("lies between the shortest and the longest", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000), { minLength: 1 }), (tookMs) => {
        expect(meanOf(tookMs)).toBeGreaterThanOrEqual(Math.min(...tookMs) - 1e-6);
        expect(meanOf(tookMs)).toBeLessThanOrEqual(Math.max(...tookMs) + 1e-6);
      }),
    );
  });
});
