import { describe, expect, it } from "vitest";
import { baselineBytes } from "./baseline.ts";

describe("the baseline", () => {
  it("is the median size of the last five earlier generations", () => {
    expect(baselineBytes([900, 100, 500, 300, 200, 400], 700, 800)).toEqual({ bytes: 300, source: "estimated" });
  });

  it("is a size that occurred, even for an even number of generations", () => {
    expect(baselineBytes([100, 200], undefined, 800).bytes).toBe(100);
  });

  it("is this generation's size after collecting if there is no earlier one", () => {
    expect(baselineBytes([], 700, 800)).toEqual({ bytes: 700, source: "measured" });
  });

  it("is the current size if nothing is known", () => {
    expect(baselineBytes([], undefined, 800)).toEqual({ bytes: 800, source: "default" });
  });
});
