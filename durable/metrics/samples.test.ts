import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Sample, Samples, STORED_SAMPLES } from "./samples.ts";

const count = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const sampleArbitrary: fc.Arbitrary<Sample> = fc.record({
  generation: count,
  timeMs: fc.integer({ min: 0, max: 8.64e15 }),
  allocatedBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  grownPages: count,
  outbound: count,
  requests: count,
  hits: count,
});

function sampleAt(timeMs: number, rest: Partial<Sample> = {}): Sample {
  return { generation: 1, timeMs, allocatedBytes: 65_536, grownPages: 0, outbound: 1, requests: 2, hits: 1, ...rest };
}

describe("the ring buffer of samples", () => {
  it("behaves like an array that drops its oldest items", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(sampleArbitrary, { maxLength: 60 }), (capacity, pushed) => {
        const samples = new Samples(capacity);
        for (const sample of pushed) samples.push(sample);
        const kept = pushed.slice(-capacity);

        expect(samples.length).toBe(kept.length);
        expect(samples.overwritten).toBe(pushed.length - kept.length);
        expect(kept.map((_, index) => samples.at(index))).toEqual(kept);
        expect(kept.map((_, index) => samples.outboundAt(index))).toEqual(kept.map(({ outbound }) => outbound));
        expect(samples.recent(5)).toEqual(kept.slice(-5));
      }),
    );
  });

  it("holds 1,024 samples by default", () => {
    expect(new Samples().capacity).toBe(1_024);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a capacity of %s", (capacity) => {
    expect(() => new Samples(capacity)).toThrow(/capacity of the sample buffer/);
  });

  it.each([-1, 1, Number.NaN])("refuses to read sample %s of one", (index) => {
    const samples = new Samples(4);
    samples.push(sampleAt(1));
    expect(() => samples.at(index)).toThrow(RangeError);
  });

  it("replaces invalid numbers with the nearest valid ones", () => {
    const samples = new Samples(4);
    samples.push(sampleAt(Number.NaN, { outbound: -5, requests: Number.NaN, hits: Infinity, allocatedBytes: -1 }));
    expect(samples.at(0)).toMatchObject({ timeMs: 0, outbound: 0, requests: 0, hits: 2 ** 32 - 1, allocatedBytes: 0 });
  });

  it.each([0, -3, Number.NaN])("gives no recent samples when asked for %s", (wanted) => {
    const samples = new Samples(4);
    samples.push(sampleAt(1));
    expect(samples.recent(wanted)).toEqual([]);
  });

  it("finds the first sample of the running generation, and none of an earlier one", () => {
    const samples = new Samples(4);
    for (const generation of [1, 1, 2, 2]) samples.push(sampleAt(1, { generation }));
    expect(samples.firstOf(2)).toBe(2);
    expect(samples.firstOf(1)).toBe(samples.length);
    expect(new Samples(4).firstOf(1)).toBe(0);
  });
});

describe("stored samples", () => {
  it("are restored unchanged, up to the newest 240", () => {
    fc.assert(
      fc.property(fc.array(sampleArbitrary, { maxLength: 300 }), (pushed) => {
        const samples = new Samples();
        for (const sample of pushed) samples.push(sample);
        const back = new Samples();
        expect(back.restore(JSON.stringify(samples))).toBe(Math.min(pushed.length, STORED_SAMPLES));
        expect(back.recent(STORED_SAMPLES)).toEqual(pushed.slice(-STORED_SAMPLES));
      }),
      { numRuns: 30 },
    );
  });

  it("stay below 24 KB with the largest possible numbers", () => {
    const samples = new Samples();
    for (let index = 0; index < 1_024; index += 1) {
      const most = Number.MAX_VALUE;
      samples.push({
        generation: most,
        timeMs: most,
        allocatedBytes: most,
        grownPages: most,
        outbound: most,
        requests: most,
        hits: most,
      });
    }
    expect(JSON.stringify(samples).length).toBeLessThan(24 * 1_024);
  });

  it("are read without an error whatever is stored", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.json()), (stored) => {
        const samples = new Samples(8);
        expect(samples.restore(stored)).toBeGreaterThanOrEqual(0);
        expect(() => samples.recent(8)).not.toThrow();
      }),
    );
  });

  it("lose only the rows that cannot be read", () => {
    const samples = new Samples(8);
    const row = [1, 1_000, 65_536, 0, 3, 4, 1];
    expect(
      samples.restore({ v: 1, rows: [row, "row", [1, 2], [...row.slice(1), null], [...row.slice(1), -1], row] }),
    ).toBe(2);
    expect(samples.at(1)).toEqual(sampleAt(1_000, { outbound: 3, requests: 4, hits: 1 }));
  });

  it("of an unknown version are ignored", () => {
    expect(new Samples(8).restore({ v: 2, rows: [[1, 1_000, 65_536, 0, 3, 4, 1]] })).toBe(0);
  });
});
