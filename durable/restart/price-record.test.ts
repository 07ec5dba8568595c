import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterRestart, NO_PRICES, priceFactor } from "./price-record.ts";

describe("the price factor", () => {
  it("is two fifths before the first restart", () => {
    expect(priceFactor(NO_PRICES, 100)).toBeCloseTo(0.4);
    expect(priceFactor(NO_PRICES, 0)).toBeCloseTo(0.4);
  });

  it("approaches the actual price with each restart", () => {
    let record = NO_PRICES;
    const factors = Array.from({ length: 10 }, () => {
      record = afterRestart(record, 100, 20);
      return priceFactor(record, 100);
    });
    expect(factors).toEqual(factors.toSorted((a, b) => b - a));
    expect(factors.at(-1)).toBeCloseTo(0.2, 1);
  });

  it("follows a price that has changed", () => {
    let record = NO_PRICES;
    for (let n = 0; n < 50; n += 1) record = afterRestart(record, 100, 20);
    for (let n = 0; n < 50; n += 1) record = afterRestart(record, 100, 200);
    expect(priceFactor(record, 100)).toBeGreaterThan(1.2);
  });

  it("stays between 0.1 and 10 for any counts", () => {
    const calls = fc.double({ noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(calls, calls)), calls, (restarts, expectedNow) => {
        const record = restarts.reduce((sum, [expected, actual]) => afterRestart(sum, expected, actual), NO_PRICES);
        const factor = priceFactor(record, expectedNow);
        expect(factor).toBeGreaterThanOrEqual(0.1);
        expect(factor).toBeLessThanOrEqual(10);
      }),
    );
  });
});
