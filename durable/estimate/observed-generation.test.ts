import { describe, expect, it } from "vitest";
import { emptyGeneration, type ObservedGeneration, successor, withWindowsAnew } from "./observed-generation.ts";
import { ttlGrid } from "./ttl-grid.ts";

const GRID = ttlGrid(10_000, 600_000);

/** A generation that made many calls at first, and then few. */
function quieter(): ObservedGeneration {
  const generation = emptyGeneration(1, 0, 65_536, GRID);
  for (let n = 1; n <= 400; n += 1) {
    generation.curve.push(n * 10_000, n < 100 ? 50 : 5, 100);
    generation.windows.update(generation.curve);
  }
  return generation;
}

describe("a generation that took over live entries", () => {
  it("goes on counting the calls that made them, and begins its maximum with their number", () => {
    const before = quieter();
    const next = successor(emptyGeneration(2, 4_000_000, 131_072, GRID), before);
    expect(next).toMatchObject({ number: 2, startedMs: 4_000_000, emptyAtMs: 0, allocatedBytes: 131_072 });
    expect(next.curve.callsIn(3_900_000, 4_000_000)).toBeCloseTo(50);
    expect([...next.windows.max]).toEqual([...next.windows.now]);
  });

  it("has made no calls while no instance ran", () => {
    const next = successor(emptyGeneration(2, 4_060_000, 131_072, GRID), quieter());
    next.curve.push(4_070_000, 30, 100);
    expect(next.curve.callsIn(4_000_000, 4_060_000)).toBe(0);
    expect(next.curve.callsIn(4_060_000, 4_070_000)).toBe(30);
  });
});

describe("a generation after a change of the TTL", () => {
  it("keeps its calls and begins its maximum anew", () => {
    const before = quieter();
    const after = withWindowsAnew(before, GRID);
    expect(after.curve).toBe(before.curve);
    expect([...after.windows.max]).toEqual([...after.windows.now]);
    expect([...before.windows.max]).not.toEqual([...before.windows.now]);
  });
});
