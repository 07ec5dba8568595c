import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LATENCY_BOUNDS_MS, LatencyHistogram, quantileMs, readLatencyCounts } from "./latency-histogram.ts";

function histogramOf(...durationsMs: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of durationsMs) histogram.add(ms);
  return histogram;
}

describe("a latency histogram", () => {
  it("counts each duration in the first bucket whose bound it does not exceed", () => {
    const { counts, sumMs } = histogramOf(0, 5, 5.1, 10, 10_000, 10_001, 99_999).snapshot();
    expect(counts).toEqual([2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    expect(sumMs).toBe(120_020);
  });

  it("takes a negative duration, of a clock that was set back, for 0", () => {
    expect(histogramOf(-3_600_000).snapshot()).toMatchObject({ sumMs: 0 });
  });

  it("has a quantile in the bucket of the duration at that place", () => {
    const bucketOf = (ms: number) => LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, share) => {
          const sorted = durations.toSorted((a, b) => a - b);
          const exact = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
          const found = quantileMs(histogramOf(...durations).snapshot(), share)!;
          const lower = LATENCY_BOUNDS_MS[bucketOf(exact) - 1] ?? 0;
          expect(found).toBeGreaterThanOrEqual(lower);
          expect(found).toBeLessThanOrEqual(LATENCY_BOUNDS_MS[bucketOf(exact)]!);
        },
      ),
    );
  });

  it("has no quantile without any duration, and at most the last bound", () => {
    expect(quantileMs(histogramOf().snapshot(), 0.5)).toBeNull();
    expect(quantileMs(histogramOf(60_000).snapshot(), 0.5)).toBe(10_000);
  });

  it("goes on from stored counts", () => {
    const stored = readLatencyCounts(JSON.parse(JSON.stringify(histogramOf(7, 8).snapshot())));
    const histogram = new LatencyHistogram(stored);
    histogram.add(9);
    expect(histogram.snapshot()).toEqual(histogramOf(7, 8, 9).snapshot());
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { counts: [1], sumMs: 1 },
    { counts: Array(12).fill(-1), sumMs: 1 },
    { counts: Array(12).fill(0), sumMs: Number.NaN },
  ])("is not read from %j", (stored) => expect(readLatencyCounts(stored)).toBeUndefined());
});
