import { describe, expect, test } from "vitest";
import { averaged, thinned } from "./curve-points.ts";

const timesMs = Array.from({ length: 10_000 }, (_, index) => index * 1_000);

describe("points of a curve", () => {
  test("are few, and keep a short peak and the fall at a restart", () => {
    const values = timesMs.map((_, index) => (index === 5_001 ? 9 : index < 7_000 ? 2 : 1));
    const points = thinned(timesMs, values, 100);
    expect(points.length).toBeLessThanOrEqual(400);
    expect(points.find(({ value }) => value === 9)?.timeMs).toBe(5_001_000);
    expect(points.findLast(({ value }) => value === 2)!.timeMs).toBeGreaterThanOrEqual(6_899_000);
    expect(points.map(({ timeMs }) => timeMs)).toEqual(points.map(({ timeMs }) => timeMs).toSorted((a, b) => a - b));
  });

  test("leave out unknown values", () => {
    expect(thinned([0, 1, 2], [Number.NaN, 5, null], 10)).toEqual([{ timeMs: 1, value: 5 }]);
    expect(averaged([], [], 10)).toEqual([]);
  });

  test("are the means of the buckets when averaged", () => {
    expect(averaged([0, 1, 10, 11], [1, 3, 5, 7], 2)).toEqual([
      { timeMs: 0.5, value: 2 },
      { timeMs: 10.5, value: 6 },
    ]);
  });
});
