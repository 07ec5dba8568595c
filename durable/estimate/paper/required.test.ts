import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../../wasm/byte-units.ts";
import { everyTenSeconds, generation, samplesOf } from "../testing/build.ts";
import { outboundInTtl } from "./outbound-window.ts";
import { requiredBytes } from "./required.ts";

describe("outbound calls within one TTL", () => {
  it("are counted for the last TTL, with their maximum", () => {
    const samples = samplesOf(everyTenSeconds([{ outbound: 50 }, { outbound: 30 }, { outbound: 10 }, { outbound: 5 }]));
    expect(outboundInTtl(samples, generation(), 20_000, 40_000)).toEqual({ now: 15, max: 80 });
  });

  it("are taken in proportion if the window cuts a sample", () => {
    const samples = samplesOf([
      { timeMs: 30_000, outbound: 60 },
      { timeMs: 40_000, outbound: 5 },
    ]);
    // (15 s, 40 s]: half of the 30 seconds in which the first 60 calls were made.
    expect(outboundInTtl(samples, generation(), 25_000, 40_000).now).toBe(35);
  });

  it("leave the window even if no sample is taken", () => {
    const samples = samplesOf([{ timeMs: 10_000, outbound: 40 }]);
    expect(outboundInTtl(samples, generation(), 10_000, 15_000)).toEqual({ now: 20, max: 40 });
    expect(outboundInTtl(samples, generation(), 10_000, 20_000)).toEqual({ now: 0, max: 40 });
  });

  it("are all calls of a generation younger than the TTL", () => {
    const samples = samplesOf(everyTenSeconds([{ outbound: 5 }, { outbound: 6 }]));
    expect(outboundInTtl(samples, generation(), 600_000, 20_000)).toEqual({ now: 11, max: 11 });
  });

  it("do not include those of the previous generation", () => {
    const samples = samplesOf([
      { timeMs: 10_000, outbound: 1_000 },
      { timeMs: 20_000, outbound: 7, generation: 2 },
    ]);
    expect(outboundInTtl(samples, { number: 2, startedMs: 10_000, peak: undefined }, 600_000, 20_000).max).toBe(7);
  });

  it("are none without samples", () => {
    expect(outboundInTtl(samplesOf([]), generation(), 600_000, 1_000)).toEqual({ now: 0, max: 0 });
  });

  it("keep a peak that the ring buffer has overwritten if the TTL is the same", () => {
    const rows = everyTenSeconds([{ outbound: 500 }, { outbound: 5 }, { outbound: 5 }, { outbound: 5 }]);
    const samples = samplesOf(rows, 2);
    const peak = { ttlMs: 10_000, outbound: 500 };
    expect(outboundInTtl(samples, generation({ peak }), 10_000, 40_000)).toEqual({ now: 5, max: 500 });
    expect(outboundInTtl(samples, generation({ peak }), 20_000, 40_000)).toEqual({ now: 10, max: 10 });
  });

  it("stay the same while the clock is set back", () => {
    const samples = samplesOf([
      { timeMs: 60_000, outbound: 10 },
      { timeMs: 20_000, outbound: 10 },
      { timeMs: 61_000, outbound: 10 },
    ]);
    // The first ten calls were spread over a minute, of which the last 29 seconds still count.
    expect(outboundInTtl(samples, generation(), 30_000, 15_000)).toEqual({ now: 25 - 1 / 6, max: 25 - 1 / 6 });
  });

  it("equal a count of single calls for any samples and windows", () => {
    const spans = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 40 }), perMs: fc.integer({ min: 0, max: 9 }) }));
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 60 }), (given, ttlMs, idleMs) => {
        // Every millisecond of a sample has the same number of calls, so spreading them evenly is exact.
        const calls = given.flatMap(({ ms, perMs }) => Array.from({ length: ms }, () => perMs));
        let timeMs = 0;
        const samples = samplesOf(
          given.map(({ ms, perMs }) => {
            timeMs += ms;
            return { timeMs, outbound: ms * perMs };
          }),
        );
        const inWindow = (endMs: number) =>
          calls.slice(Math.max(0, endMs - ttlMs), endMs).reduce((sum, perMs) => sum + perMs, 0);

        const found = outboundInTtl(samples, generation(), ttlMs, timeMs + idleMs);
        expect(found.now).toBeCloseTo(inWindow(timeMs + idleMs), 6);
        expect(found.max).toBeGreaterThanOrEqual(found.now);
        const ends = Array.from({ length: samples.length }, (_, index) => samples.timeMsAt(index));
        expect(found.max).toBeCloseTo(Math.max(0, ...ends.map(inWindow), found.now), 6);
      }),
    );
  });
});

describe("required bytes", () => {
  it("are the fixed part and the live share of the growth", () => {
    expect(requiredBytes(11 * PAGE_BYTES, PAGE_BYTES, { now: 30, max: 120 })).toEqual({
      bytes: 3.5 * PAGE_BYTES,
      source: "estimated",
    });
  });

  it("equal the allocated bytes while nothing has expired", () => {
    expect(requiredBytes(11 * PAGE_BYTES, PAGE_BYTES, { now: 120, max: 120 }).bytes).toBe(11 * PAGE_BYTES);
  });

  it("are only the fixed part once everything has expired", () => {
    expect(requiredBytes(11 * PAGE_BYTES, PAGE_BYTES, { now: 0, max: 120 }).bytes).toBe(PAGE_BYTES);
  });

  it("default to the allocated bytes before the first call", () => {
    expect(requiredBytes(11 * PAGE_BYTES, PAGE_BYTES, { now: 0, max: 0 })).toEqual({
      bytes: 11 * PAGE_BYTES,
      source: "default",
    });
  });

  it("never exceed the allocated bytes, even if the fixed part does", () => {
    expect(requiredBytes(2 * PAGE_BYTES, 5 * PAGE_BYTES, { now: 1, max: 2 }).bytes).toBe(2 * PAGE_BYTES);
  });
});
