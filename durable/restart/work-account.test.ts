import { describe, expect, it } from "vitest";
import { restartWorkMs, workCreditAfter } from "./work-account.ts";

describe("the account of work", () => {
  it("charges a collection, and more for each entry that is moved", () => {
    expect(restartWorkMs(0)).toBe(25);
    expect(restartWorkMs(8 * 1_048_576)).toBe(45);
  });

  it("earns the budget as time passes, and nothing if the clock is set back", () => {
    expect(workCreditAfter(5, 100_000, 1e-4)).toBeCloseTo(15);
    expect(workCreditAfter(5, -100_000, 1e-4)).toBe(5);
  });

  it("saves work for at most six hours", () => {
    expect(workCreditAfter(0, 1e12, 1e-4)).toBeCloseTo(2_160);
  });
});
