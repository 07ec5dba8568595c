import { describe, expect, it } from "vitest";
import { growthRule, growthText } from "./growth.ts";

/** Sizes of a memory that grows `count` times by `next`. */
function grow(from: number, count: number, next: (pages: number) => number): number[] {
  const sizes = [from];
  for (let step = 0; step < count; step++) sizes.push(next(sizes.at(-1)!));
  return sizes;
}

describe("the growth rule", () => {
  it("is none for a memory that does not grow", () => {
    expect(growthRule([])).toEqual({ kind: "none" });
    expect(growthRule([17, 17, 17])).toEqual({ kind: "none" });
  });

  it("is unclear after one or two growths", () => {
    expect(growthRule([2, 3])).toEqual({ kind: "unclear", steps: 1 });
    expect(growthRule([1, 2])).toEqual({ kind: "unclear", steps: 1 });
    expect(growthRule([17, 18, 19])).toEqual({ kind: "unclear", steps: 2 });
  });

  it("is page by page even if some requests took several pages", () => {
    expect(growthRule(grow(17, 20, (pages) => pages + 1))).toEqual({ kind: "page-by-page" });
    expect(growthRule([17, 18, 20, 21, 22, 25, 26])).toEqual({ kind: "page-by-page" });
  });

  it("is arenas if every growth is a multiple of the same number of pages", () => {
    expect(growthRule(grow(128, 5, (pages) => pages + 64))).toEqual({ kind: "arenas", pages: 64 });
    expect(growthRule([128, 192, 320, 384, 448])).toEqual({ kind: "arenas", pages: 64 });
  });

  it("is doubling", () => {
    expect(growthRule([1, 2, 4])).toEqual({ kind: "doubling" });
    expect(growthRule(grow(1, 6, (pages) => pages * 2))).toEqual({ kind: "doubling" });
  });

  it("is a share, rounded to pages", () => {
    expect(growthRule(grow(256, 8, (pages) => Math.ceil(pages * 1.2)))).toEqual({ kind: "percent", percent: 20 });
    expect(growthRule(grow(20, 12, (pages) => Math.ceil(pages * 1.2)))).toEqual({ kind: "percent", percent: 20 });
    expect(growthRule(grow(10, 8, (pages) => Math.ceil(pages * 1.5)))).toEqual({ kind: "percent", percent: 50 });
  });

  it("is irregular if no rule fits", () => {
    expect(growthRule([1, 2, 40, 41, 300, 301, 900])).toEqual({ kind: "irregular" });
  });

  it("looks only at the changes", () => {
    expect(growthRule([1, 1, 2, 2, 2, 4, 4, 8, 8])).toEqual({ kind: "doubling" });
  });

  it("can be shown as text", () => {
    expect(growthText({ kind: "arenas", pages: 64 })).toBe("arenas of 64 pages");
    expect(growthText({ kind: "percent", percent: 20 })).toBe("+20 %");
    expect(growthText({ kind: "unclear", steps: 1 })).toBe("grew once, too seldom to tell a rule");
  });
});
