import { describe, expect, it } from "vitest";
import { baselineBytes } from "./baseline.ts";

describe("the baseline", () => {
  it("is the median of what the last five earlier generations held", () => {
    expect(baselineBytes([900, 100, 500, 300, 200, 400], 700, 800)).toEqual({ bytes: 300, source: "estimated" });
  });

  it("is an allocation that was seen, also of an even number of generations", () => {
    expect(baselineBytes([100, 200], undefined, 800).bytes).toBe(100);
  });

  it("is what this generation held after collecting, as long as there is no earlier one", () => {
    expect(baselineBytes([], 700, 800)).toEqual({ bytes: 700, source: "measured" });
  });

  it("is what is held now, as long as nothing is known", () => {
    expect(baselineBytes([], undefined, 800)).toEqual({ bytes: 800, source: "default" });
  });
});
