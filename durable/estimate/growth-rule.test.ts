import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIB, PAGE_BYTES } from "../../wasm/byte-units.ts";
import { type GrowthRule, type GrowthStep, grownTo, growthRuleOf, nextStepBytes, stepsIn } from "./growth-rule.ts";

/** Successive growth by these numbers of pages from a start. */
function stepsFrom(startPages: number, grownPages: readonly number[]): GrowthStep[] {
  let pages = startPages;
  return grownPages.map((grown) => {
    const step = { fromBytes: pages * PAGE_BYTES, grownBytes: grown * PAGE_BYTES };
    pages += grown;
    return step;
  });
}

/** The steps of a guest that grows by a share, rounded up to pages. */
function shareSteps(startPages: number, share: number, count: number): GrowthStep[] {
  let pages = startPages;
  const grown = Array.from({ length: count }, () => {
    const by = Math.max(1, Math.ceil(pages * share));
    pages += by;
    return by;
  });
  return stepsFrom(startPages, grown);
}

/** Merges the first two steps, as a sample does in which memory grew twice. */
function merged([first, second, ...rest]: readonly GrowthStep[]): GrowthStep[] {
  return [{ fromBytes: first!.fromBytes, grownBytes: first!.grownBytes + second!.grownBytes }, ...rest];
}

describe("the growth rule", () => {
  it("is unknown before three steps", () => {
    expect(growthRuleOf(stepsFrom(2, [1, 1]))).toBeUndefined();
  });

  it("is page by page when the steps have no larger size in common", () => {
    expect(growthRuleOf(stepsFrom(2, [1, 1, 1]))).toEqual({ kind: "pages" });
    expect(growthRuleOf(stepsFrom(20, [1, 3, 2, 1, 5, 2]))).toEqual({ kind: "pages" });
  });

  it("is page by page when each sample sees about as many pages as the one before", () => {
    for (const pages of [7, 13, 26, 52]) {
      const steps = stepsFrom(8, [pages, pages, pages + 1, pages, pages - 1, pages, pages, pages - 2]);
      for (let count = 3; count <= steps.length; count += 1) {
        expect(growthRuleOf(steps.slice(0, count))?.kind).toBe("pages");
      }
    }
  });

  it("is arenas when every step is a multiple of the same size", () => {
    expect(growthRuleOf(stepsFrom(2, [64, 64, 64]))).toEqual({ kind: "arenas", stepBytes: 4 * MIB });
    expect(growthRuleOf(stepsFrom(2, [64, 128, 64]))).toEqual({ kind: "arenas", stepBytes: 4 * MIB });
  });

  it("is arenas of an odd size only after many steps", () => {
    expect(growthRuleOf(stepsFrom(2, [10, 10, 10, 10]))).toEqual({ kind: "pages" });
    const often = Array.from({ length: 12 }, () => 10);
    expect(growthRuleOf(stepsFrom(200, often))).toEqual({ kind: "arenas", stepBytes: 10 * PAGE_BYTES });
  });

  it("is doubling when each step is as large as the memory before", () => {
    expect(growthRuleOf(shareSteps(8, 1, 4))).toEqual({ kind: "proportional", share: 1 });
  });

  it("is growth by a fifth when rounding to pages changes it only a little", () => {
    const rule = growthRuleOf(shareSteps(20, 0.2, 8));
    expect(rule?.kind).toBe("proportional");
    expect(rule?.kind === "proportional" && rule.share).toBeCloseTo(0.2, 1);
  });

  it("stays the same when one sample saw two steps", () => {
    expect(growthRuleOf(merged(shareSteps(8, 1, 5)))).toEqual({ kind: "proportional", share: 1 });
    expect(growthRuleOf(merged(stepsFrom(2, [64, 64, 64, 64])))).toEqual({ kind: "arenas", stepBytes: 4 * MIB });
    expect(growthRuleOf(merged(stepsFrom(2, [1, 1, 1, 1])))).toEqual({ kind: "pages" });
    expect(growthRuleOf(merged(shareSteps(20, 0.2, 8)))?.kind).toBe("proportional");
  });

  it("counts the steps merged in one sample", () => {
    expect(stepsIn({ kind: "pages" }, { fromBytes: PAGE_BYTES, grownBytes: 3 * PAGE_BYTES })).toBe(3);
    expect(stepsIn({ kind: "arenas", stepBytes: 4 * MIB }, { fromBytes: PAGE_BYTES, grownBytes: 8 * MIB })).toBe(2);
    expect(stepsIn({ kind: "proportional", share: 1 }, { fromBytes: MIB, grownBytes: 7 * MIB })).toBe(3);
    expect(stepsIn(undefined, { fromBytes: PAGE_BYTES, grownBytes: 1 })).toBe(1);
  });

  it("gives the size of the next step", () => {
    expect(nextStepBytes(undefined, 10 * PAGE_BYTES)).toBe(PAGE_BYTES);
    expect(nextStepBytes({ kind: "arenas", stepBytes: 4 * MIB }, 10 * PAGE_BYTES)).toBe(4 * MIB);
    expect(nextStepBytes({ kind: "proportional", share: 0.2 }, 11 * PAGE_BYTES)).toBe(3 * PAGE_BYTES);
    expect(nextStepBytes({ kind: "proportional", share: 0.2 }, 0)).toBe(PAGE_BYTES);
  });
});

describe("the size that a fresh instance grows to", () => {
  it("is the needed size, rounded up to steps from its start", () => {
    expect(grownTo({ kind: "pages" }, 2 * PAGE_BYTES, 5 * PAGE_BYTES + 1)).toBe(6 * PAGE_BYTES);
    expect(grownTo({ kind: "arenas", stepBytes: 4 * MIB }, MIB, 6 * MIB)).toBe(9 * MIB);
    expect(grownTo({ kind: "proportional", share: 1 }, MIB, 5 * MIB)).toBe(8 * MIB);
    expect(grownTo({ kind: "proportional", share: 1 }, MIB, 4 * MIB)).toBe(4 * MIB);
  });

  it("is its start size if that is enough", () => {
    for (const rule of [
      undefined,
      { kind: "arenas", stepBytes: 4 * MIB },
      { kind: "proportional", share: 1 },
    ] as const) {
      expect(grownTo(rule, 3 * PAGE_BYTES, 3 * PAGE_BYTES)).toBe(3 * PAGE_BYTES);
      expect(grownTo(rule, 3 * PAGE_BYTES, Number.NaN)).toBe(3 * PAGE_BYTES);
    }
  });

  const anyRule: fc.Arbitrary<GrowthRule | undefined> = fc.oneof(
    fc.constant(undefined),
    fc.constant({ kind: "pages" as const }),
    fc.integer({ min: 2, max: 256 }).map((pages) => ({ kind: "arenas" as const, stepBytes: pages * PAGE_BYTES })),
    fc.double({ min: 0.08, max: 4, noNaN: true }).map((share) => ({ kind: "proportional" as const, share })),
  );
  const anyBytes = fc.integer({ min: 0, max: 200 * MIB });
  const anyStart = fc.integer({ min: 1, max: 1_000 }).map((pages) => pages * PAGE_BYTES);

  it("is never less than start or need, and never shrinks when more is needed", () => {
    fc.assert(
      fc.property(anyRule, anyStart, anyBytes, anyBytes, (rule, start, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const grown = grownTo(rule, start, more);
        expect(grown).toBeGreaterThanOrEqual(Math.max(start, more));
        expect(grownTo(rule, start, less)).toBeLessThanOrEqual(grown);
      }),
    );
  });

  it("exceeds the needed size by at most one step and a page", () => {
    fc.assert(
      fc.property(anyRule, anyStart, anyBytes, (rule, start, needed) => {
        const grown = grownTo(rule, start, needed);
        expect(grown - Math.max(start, needed)).toBeLessThanOrEqual(
          nextStepBytes(rule, Math.max(start, needed)) + PAGE_BYTES,
        );
      }),
    );
  });

  it("is a finite number for any rule that storage could hold", () => {
    const stored = fc.oneof(
      fc
        .double({ min: PAGE_BYTES, max: Number.MAX_SAFE_INTEGER, noNaN: true })
        .map((stepBytes): GrowthRule => ({ kind: "arenas", stepBytes })),
      fc.double({ min: 0.01, max: 1_000, noNaN: true }).map((share): GrowthRule => ({ kind: "proportional", share })),
    );
    fc.assert(
      fc.property(stored, anyStart, anyBytes, (rule, start, needed) => {
        const grown = grownTo(rule, start, needed);
        expect(Number.isFinite(grown)).toBe(true);
        expect(grown).toBeGreaterThanOrEqual(Math.max(start, needed));
      }),
    );
  });
});

describe("a rule derived from any steps", () => {
  it("lets memory grow", () => {
    const anyStep = fc.record({ fromBytes: fc.maxSafeNat(), grownBytes: fc.maxSafeNat().map((bytes) => bytes + 1) });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 16 }), (steps) => {
        const rule = growthRuleOf(steps);
        expect(nextStepBytes(rule, 10 * PAGE_BYTES)).toBeGreaterThanOrEqual(PAGE_BYTES);
        expect(grownTo(rule, PAGE_BYTES, 10 * PAGE_BYTES)).toBeGreaterThanOrEqual(10 * PAGE_BYTES);
        for (const step of steps) expect(stepsIn(rule, step)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
