import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGE_CLASSES, costAt, lossCost, NO_LOSSES } from "./loss-cost.ts";
import { entriesByAge, LOSS_STEPS, lostCalls } from "./lost-calls.ts";
import { OutboundCurve } from "./outbound-curve.ts";

const TTL_MS = 100_000;

function cacheOf(calls: readonly number[], stepMs = 1_000) {
  const curve = new OutboundCurve(0);
  for (const [index, count] of calls.entries()) curve.push((index + 1) * stepMs, count, count);
  return { curve, emptyAtMs: 0, ttlMs: TTL_MS };
}

const steady = (samples: number, calls: number) => Array.from({ length: samples }, () => calls);
const cost = lossCost(NO_LOSSES, 1);

describe("the calls lost with the cache", () => {
  it("are about half of the entries under steady load if each is asked for again, now and later", () => {
    for (const calls of lostCalls(cacheOf(steady(200, 10)), 1_000, cost))
      expect(Math.abs(calls - 500)).toBeLessThan(15);
  });

  it("fall as entries grow old, if none follow", () => {
    const lost = lostCalls(cacheOf(steady(100, 10)), 0, cost);
    expect(lost).toHaveLength(LOSS_STEPS + 1);
    for (let step = 1; step <= LOSS_STEPS; step += 1) expect(lost[step]).toBeLessThan(lost[step - 1]!);
    expect(lost[LOSS_STEPS]).toBeLessThan(1);
  });

  it("are none if nothing is asked for again, or if all entries have expired", () => {
    expect(lostCalls(cacheOf(steady(100, 10)), 1_000, lossCost(NO_LOSSES, 0))[0]).toBe(0);
    expect(lostCalls(cacheOf([500, ...steady(110, 0)]), 0, cost)[0]).toBe(0);
  });

  it("do not count calls that an earlier, lost cache made", () => {
    const cache = cacheOf(steady(100, 10));
    expect(lostCalls({ ...cache, emptyAtMs: 100_000 }, 0, cost)[0]).toBe(0);
  });

  it("equal the cost of each entry by its age", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 300 }), (calls) => {
        let expected = 0;
        for (const [index, count] of calls.entries()) {
          expected += count * costAt(cost, (calls.length - index - 0.5) / 100);
        }
        expect(lostCalls(cacheOf(calls), 0, cost)[0]).toBeCloseTo(expected, 0);
      }),
    );
  });

  it("count each entry in one age class", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 40 }), fc.integer({ min: 1, max: 600_000 }), (calls, ttlMs) => {
        const cache = { ...cacheOf(calls), ttlMs };
        const counts = entriesByAge(cache);
        expect(counts).toHaveLength(AGE_CLASSES);
        const { endMs } = cache.curve;
        const all = cache.curve.callsIn(Math.max(0, endMs - ttlMs), endMs);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(all, 6);
      }),
    );
  });
});
