import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { Sample } from "../metrics/samples.ts";
import { DEFAULT_SETTINGS } from "../testing/settings.ts";
import { Estimator } from "./estimator.ts";
import { type EstimatorState, NOTHING_KNOWN } from "./estimator-state.ts";
import { anySamples } from "./testing/hostile.ts";

describe("an estimate of any samples", () => {
  const amount = fc.option(fc.oneof(fc.nat(1e7), fc.double({ min: 1e-9, max: Number.MAX_SAFE_INTEGER, noNaN: true })), {
    nil: undefined,
  });
  const anyKnowledge: fc.Arbitrary<EstimatorState> = fc.record({
    observedMs: fc.nat(1e9),
    ttlMs: amount.map((ms) => (ms === 0 ? undefined : ms)),
    bytesPerEntry: amount,
    fixedBytes: amount,
    growthRule: fc.constantFrom(
      undefined,
      { kind: "pages" as const },
      { kind: "arenas" as const, stepBytes: 4_194_304 },
      { kind: "proportional" as const, share: 1 },
    ),
  });
  const anyRows = anySamples.map((samples) => samples.recent(samples.length));

  it("has required and surplus within allocated, and only finite numbers", () => {
    const anyNow = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20_000_000));
    fc.assert(
      fc.property(anyRows, anyKnowledge, anyNow, (rows, known, nowMs) => {
        const found = estimatorOf(rows, known).estimate(nowMs);
        const numbers = Object.entries(found).filter(([, value]) => typeof value === "number");
        expect(numbers.filter(([, value]) => !Number.isFinite(value))).toEqual([]);
        expect(found.requiredBytes).toBeGreaterThanOrEqual(0);
        expect(found.requiredBytes).toBeLessThanOrEqual(found.allocatedBytes);
        expect(found.surplusBytes).toBe(found.allocatedBytes - found.requiredBytes);
        expect(found.surplusBytes).toBeGreaterThanOrEqual(0);
        expect(found.baselineBytes).toBeGreaterThanOrEqual(0);
        expect(found.handedOverBytes).toBeLessThanOrEqual(found.allocatedBytes);
        expect(found.hitShare).toBeGreaterThanOrEqual(0);
        expect(found.hitShare).toBeLessThanOrEqual(1);
        for (const calls of [...found.lostCalls, ...found.lossCost, ...found.fill]) {
          expect(calls).toBeGreaterThanOrEqual(0);
          expect(calls).toBeLessThan(Number.POSITIVE_INFINITY);
        }
        expect(found.ttlMs).toBeGreaterThan(0);
        expect(found.ttlMs).toBeLessThanOrEqual(DEFAULT_SETTINGS.ttlCapMs);
      }),
      { numRuns: 1_000 },
    );
  });

  it("has required within allocated even by fractions of a byte", () => {
    const estimator = estimatorOf([], { ...NOTHING_KNOWN, ttlMs: 60_000, bytesPerEntry: 1_000, fixedBytes: 200_000 });
    expect(estimator.estimate(1, 100_000.5)).toMatchObject({ requiredBytes: 100_000.5, surplusBytes: 0 });
  });

  it("is the same for the same samples", () => {
    fc.assert(
      fc.property(anyRows, anyKnowledge, (rows, known) => {
        expect(estimatorOf(rows, known).estimate(1)).toEqual(estimatorOf(rows, known).estimate(1));
        expect(estimatorOf(rows, known).knowledge).toEqual(estimatorOf(rows, known).knowledge);
      }),
    );
  });

  it("never needs less for more calls in the last TTL with the same memory", () => {
    const anyLast = fc.record({ calls: fc.nat(5_000), more: fc.nat(5_000), gapMs: fc.nat(60_000) });
    fc.assert(
      fc.property(anyRows, anyKnowledge, anyLast, (rows, known, { calls, more, gapMs }) => {
        const before = estimatorOf(rows, known).estimate(0);
        const endMs = Math.max(0, ...rows.map(({ timeMs }) => timeMs));
        const last = {
          generation: 1,
          timeMs: endMs + gapMs,
          allocatedBytes: before.allocatedBytes,
          grownPages: 0,
          hits: 0,
        };
        const found = (outbound: number) =>
          estimatorOf([...rows, { ...last, outbound, requests: outbound }], known).estimate(0);
        const [few, many] = [found(calls), found(calls + more)];
        // More calls without growth may prove a shorter TTL; with the same TTL they can only need more.
        fc.pre(few.ttlMs === many.ttlMs && few.growsWithoutEnd === many.growsWithoutEnd);
        expect(many.requiredBytes).toBeGreaterThanOrEqual(few.requiredBytes);
        // A sum of calls until a far time ends in rounding.
        expect(many.outboundInTtl).toBeGreaterThanOrEqual(few.outboundInTtl - 1e-6);
      }),
      { numRuns: 500 },
    );
  });

  it("does not count denials and failures as entries", () => {
    const row = { generation: 1, allocatedBytes: PAGE_BYTES, grownPages: 0, requests: 100, hits: 0 };
    const estimator = estimatorOf([]);
    for (let n = 0; n < 40; n += 1) estimator.called(n, 5_000, n % 2 === 0 ? "denied" : "failed");
    for (let n = 0; n < 60; n += 1) estimator.called(1_000 + n, 5_000, "allowed");
    estimator.push({ ...row, timeMs: 10_000, outbound: 100 });
    expect(estimator.estimate(10_000).outboundInTtl).toBe(60);
    expect(estimator.demandedCalls).toBe(60);
  });

  it("knows what a loss of the cache cost by the questions that are asked again", () => {
    const estimator = estimatorOf([], { ...NOTHING_KNOWN, ttlMs: 300_000 });
    for (let n = 0; n < 50; n += 1) estimator.called(n, 1_000, "allowed");
    estimator.started(2, 2_000, PAGE_BYTES);
    for (let n = 0; n < 20; n += 1) estimator.called(n, 3_000, "allowed");
    for (let n = 100; n < 130; n += 1) estimator.called(n, 3_000, "allowed");
    expect(estimator.extraCalls.reduce((sum, calls) => sum + calls, 0)).toBeCloseTo(20);
    estimator.started(3, 4_000, PAGE_BYTES, true);
    for (let n = 20; n < 25; n += 1) estimator.called(n, 5_000, "allowed");
    expect(estimator.extraCalls.reduce((sum, calls) => sum + calls, 0)).toBeCloseTo(5);
  });

  it("takes the TTL from repeats, and forgets what growth said before", () => {
    const estimator = estimatorOf([], { ...NOTHING_KNOWN, ttlMs: 533_000 });
    for (let second = 0; second < 1_200; second += 1) {
      estimator.called(second % 61, second * 1_000, "allowed");
      if (second % 10 !== 9) continue;
      const row = { generation: 1, allocatedBytes: PAGE_BYTES, grownPages: 0, requests: 20, hits: 10, outbound: 10 };
      estimator.push({ ...row, timeMs: (second + 1) * 1_000 });
    }
    expect(estimator.estimate(1_200_000)).toMatchObject({ ttlMs: 61_000, ttlConfidence: "measured" });
    expect(estimator.knowledge.ttlMs).toBe(61_000);
  });

  it("learns nothing from a handover during a change of the TTL", () => {
    const errorAfter = (changes: boolean): number => {
      const known = { ...NOTHING_KNOWN, ttlMs: changes ? 533_000 : 61_000, bytesPerEntry: 1_000, fixedBytes: 0 };
      const estimator = estimatorOf([], known);
      let second = 0;
      const row = {
        generation: 1,
        allocatedBytes: 20 * PAGE_BYTES,
        grownPages: 0,
        requests: 20,
        hits: 10,
        outbound: 10,
      };
      const isKnown = () => Math.abs(estimator.ttlMs - 61_000) < 1 && second >= 100;
      for (; !isKnown(); second += 1) {
        estimator.called(second % 61, second * 1_000, "allowed");
        if (second % 10 === 9) estimator.push({ ...row, timeMs: (second + 1) * 1_000 });
      }
      estimator.started(2, second * 1_000, 10 * PAGE_BYTES, true);
      const { handedOverBytes, startBytes, requiredBytes } = estimator.estimate(second * 1_000);
      return handedOverBytes - Math.max(startBytes, Math.ceil(requiredBytes / PAGE_BYTES) * PAGE_BYTES);
    };
    expect(errorAfter(false)).toBeGreaterThan(2 * PAGE_BYTES);
    expect(errorAfter(true)).toBe(0);
  });

  it("ignores samples of other generations", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const own = rows.filter(({ generation }) => generation === 1);
        expect(estimatorOf(rows).estimate(1)).toEqual(estimatorOf(own).estimate(1));
      }),
    );
  });
});

/** An estimator of generation 1, started at time 0, after these samples. */
function estimatorOf(rows: readonly Sample[], known: EstimatorState = NOTHING_KNOWN): Estimator {
  const estimator = new Estimator(DEFAULT_SETTINGS, known);
  estimator.started(1, 0, PAGE_BYTES);
  for (const row of rows) estimator.push(row);
  return estimator;
}
