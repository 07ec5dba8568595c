import { describe, expect, it } from "vitest";
import { baselineBytes } from "./baseline.ts";

describe("the baseline of the generation", () => {
  it("is its size when its collection ended, whatever earlier generations held", () => {
    const held = { own: 700, earlier: [900, 100] };
    expect(baselineBytes("generation", held, 800)).toEqual({ bytes: 700, source: "measured" });
  });

  it("is the size of the last generation whose collection ended, as long as its own has not", () => {
    const held = { own: undefined, earlier: [900, 100, 500] };
    expect(baselineBytes("generation", held, 800)).toEqual({ bytes: 500, source: "estimated" });
  });
});

describe("the remembered baseline", () => {
  it("is the median size of the last five earlier generations", () => {
    const held = { own: 700, earlier: [900, 100, 500, 300, 200, 400] };
    expect(baselineBytes("remembered", held, 800)).toEqual({ bytes: 300, source: "estimated" });
  });

  it("is a size that occurred, even for an even number of generations", () => {
    expect(baselineBytes("remembered", { own: undefined, earlier: [100, 200] }, 800).bytes).toBe(100);
  });

  it("is this generation's size after collecting if there is no earlier one", () => {
    const held = { own: 700, earlier: [] };
    expect(baselineBytes("remembered", held, 800)).toEqual({ bytes: 700, source: "measured" });
  });
});

describe.each(["generation", "remembered"] as const)("the baseline read as %s", (reading) => {
  it("is the current size if nothing is known", () => {
    expect(baselineBytes(reading, { own: undefined, earlier: [] }, 800)).toEqual({ bytes: 800, source: "default" });
  });
});
