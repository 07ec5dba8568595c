import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { creditAfter } from "./credit.ts";

const DAY_MS = 86_400_000;

describe("the credit for restarts", () => {
  it("rises by the allowed share of every outbound call", () => {
    expect(creditAfter(0, 200, 10_000, 0.01)).toBe(2);
    expect(creditAfter(0, 200, 10_000, 0)).toBe(0);
  });

  it("fades within days", () => {
    expect(creditAfter(100, 0, DAY_MS, 0.01)).toBeCloseTo(100 / Math.E);
    expect(creditAfter(100, 0, 30 * DAY_MS, 0.01)).toBeLessThan(1e-9);
  });

  it("never exceeds the earnings of one day of steady load", () => {
    let credit = 0;
    for (let minute = 0; minute < 14 * 1_440; minute += 1) credit = creditAfter(credit, 60, 60_000, 0.01);
    expect(credit).toBeLessThanOrEqual(0.01 * 60 * 1_440 * 1.001);
  });

  it("stays the same if the clock was set back", () => {
    expect(creditAfter(100, 0, -DAY_MS, 0.01)).toBe(100);
  });

  it("fades by the same amount in one step as in two", () => {
    const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(amount, fc.nat(DAY_MS), fc.nat(DAY_MS), (credit, oneMs, otherMs) => {
        const atOnce = creditAfter(credit, 0, oneMs + otherMs, 0.01);
        expect(creditAfter(creditAfter(credit, 0, oneMs, 0.01), 0, otherMs, 0.01)).toBeCloseTo(atOnce, 3);
        expect(atOnce).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
