import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { shapeByHits } from "../estimate/fill-phase.ts";
import { lossCost, NO_LOSSES } from "../estimate/loss-cost.ts";
import { bestRhythm, freshBytesAt, rhythms } from "./cycle.ts";
import { CYCLE_MODEL } from "./testing/cycle-model.ts";

const model = CYCLE_MODEL;

describe("a fresh instance", () => {
  it("begins with its start size, fills for one TTL, and then grows by chance only", () => {
    expect(freshBytesAt(model, 0)).toBe(2 * PAGE_BYTES);
    const filled = freshBytesAt(model, 1);
    expect(filled).toBeGreaterThan(4_000_000);
    expect(freshBytesAt(model, 0.5)).toBeLessThan(0.75 * filled);
    expect(freshBytesAt(model, 100)).toBeLessThan(1.15 * filled);
  });

  it("has made the extra calls of its restart when it has filled", () => {
    const dear = { ...model, fill: shapeByHits(0), lossCost: lossCost(NO_LOSSES, 1) };
    expect(freshBytesAt(dear, 1)).toBeGreaterThan(1.4 * 4_000_000);
  });

  it("grows for ever if entries are never freed", () => {
    expect(freshBytesAt({ ...model, leaks: true }, 11)).toBeGreaterThan(9 * 4_000_000);
  });

  it("never shrinks with age", () => {
    const age = fc.double({ min: 0, max: 3_000, noNaN: true });
    fc.assert(
      fc.property(age, age, fc.boolean(), (a, b, leaks) => {
        const sizes = [Math.min(a, b), Math.max(a, b)].map((each) => freshBytesAt({ ...model, leaks }, each));
        expect(sizes[1]).toBeGreaterThanOrEqual(sizes[0]!);
      }),
    );
  });
});

describe("the best rhythm of restarts", () => {
  it("is hardly ever, if restarts may cost hardly anything", () => {
    const best = bestRhythm(rhythms(model), 0);
    expect(best.ageTtls).toBeGreaterThan(1_000);
    expect(best.baselineBytes).toBeGreaterThanOrEqual(0.99 * freshBytesAt(model, best.ageTtls));
  });

  it("costs at most what is allowed", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 500, noNaN: true }), (allowed) => {
        const all = rhythms(model);
        const { ageTtls } = bestRhythm(all, allowed);
        expect(all.find((rhythm) => rhythm.ageTtls === ageTtls)!.callsInTtl).toBeLessThanOrEqual(allowed);
      }),
    );
  });

  it("holds less, and has a lower baseline, the more is allowed", () => {
    const allowed = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(allowed, allowed, (a, b) => {
        const [little, much] = [Math.min(a, b), Math.max(a, b)].map((each) => bestRhythm(rhythms(model), each));
        expect(much!.meanBytes).toBeLessThanOrEqual(little!.meanBytes);
        expect(much!.baselineBytes).toBeLessThanOrEqual(little!.baselineBytes + 1e-6);
      }),
    );
  });

  it("has the least cost of all rhythms at its exchange rate", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 500, noNaN: true }), (allowed) => {
        const all = rhythms(model);
        const { bytesPerCall, baselineBytes } = bestRhythm(all, allowed);
        for (const { meanBytes, callsInTtl } of all) {
          expect(meanBytes + bytesPerCall * callsInTtl).toBeGreaterThanOrEqual(baselineBytes - 1e-3);
        }
      }),
    );
  });

  it("exists for any model", () => {
    const number = fc.oneof(fc.nat(1e7), fc.double());
    fc.assert(
      fc.property(number, number, number, number, (demandCalls, startBytes, fixedBytes, bytesPerEntry) => {
        const best = bestRhythm(rhythms({ ...model, demandCalls, startBytes, fixedBytes, bytesPerEntry }), 10);
        expect(best.ageTtls).toBeGreaterThan(0);
      }),
    );
  });
});
