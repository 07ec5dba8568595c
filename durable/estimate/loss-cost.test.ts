import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGE_CLASSES, ageClass, costAt, costUpTo, lossCost, NO_LOSSES, withLosses } from "./loss-cost.ts";

const nothing = new Array<number>(AGE_CLASSES).fill(0);

describe("the cost of a lost entry", () => {
  it("is assumed to be the rest of its time, if it is asked for again", () => {
    const cost = lossCost(NO_LOSSES, 0.5);
    expect(costAt(cost, 0)).toBeCloseTo(0.5, 1);
    expect(costAt(cost, 0.4)).toBeCloseTo(0.5 * (1 - 0.375));
    expect(costAt(cost, 0.9)).toBeCloseTo(0.5 * (1 - 0.875));
  });

  it("is nothing for an entry that has expired", () => {
    expect(costAt(lossCost(NO_LOSSES, 1), 1)).toBe(0);
    expect(ageClass(1)).toBeUndefined();
  });

  it("is learned for each age from what losses really cost", () => {
    const lost = nothing.map((_, index) => (index === 5 ? 1_000 : 0));
    const extra = nothing.map((_, index) => (index === 5 ? 30 : 0));
    const cost = lossCost(withLosses(NO_LOSSES, lost, extra), 0.9);
    expect(costAt(cost, 0.3)).toBeCloseTo(0.03, 1);
    expect(costAt(cost, 0.6)).toBeCloseTo(0.9 * (1 - 0.625));
  });

  it("forgets old losses by and by", () => {
    const all = nothing.map(() => 100);
    let record = withLosses(NO_LOSSES, all, all);
    for (let n = 0; n < 100; n += 1) record = withLosses(record, all, nothing);
    expect(Math.max(...lossCost(record, 0))).toBeLessThan(0.01);
  });

  it("lies between nothing and one call, whatever was recorded", () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), {
      minLength: AGE_CLASSES,
      maxLength: AGE_CLASSES,
    });
    const counts = numbers.map((list) => list.map(Math.abs));
    fc.assert(
      fc.property(counts, numbers, fc.double({ min: 0, max: 1, noNaN: true }), (lost, extra, askedAgain) => {
        const cost = lossCost(withLosses(NO_LOSSES, lost, extra), askedAgain);
        for (const value of cost) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("adds up over entries that come evenly", () => {
    const cost = lossCost(NO_LOSSES, 1);
    expect(costUpTo(cost, 1)).toBeCloseTo(0.5, 1);
    expect(costUpTo(cost, 9)).toBe(costUpTo(cost, 1));
    expect(costUpTo(cost, 0)).toBe(0);
    const age = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(age, age, (a, b) => {
        expect(costUpTo(cost, Math.max(a, b))).toBeGreaterThanOrEqual(costUpTo(cost, Math.min(a, b)));
      }),
    );
  });
});
