import { describe, expect, test } from "vitest";
import { exponential, seededRandom } from "./random.ts";
import { zipfSampler } from "./zipf.ts";

function countDraws(size: number, exponent: number, draws: number): number[] {
  const sample = zipfSampler(size, exponent, seededRandom(7));
  const counts = new Array<number>(size).fill(0);
  for (let i = 0; i < draws; i++) counts[sample()]!++;
  return counts;
}

describe("the seeded generator", () => {
  test("repeats itself for one seed and differs for another", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("stays in [0, 1) and is balanced", () => {
    const random = seededRandom(3);
    const values = Array.from({ length: 100_000 }, random);
    expect(values.filter((value) => value < 0 || value >= 1)).toEqual([]);
    expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(0.5, 2);
  });

  test("waits 1/rate on average between Poisson events", () => {
    const random = seededRandom(5);
    let sum = 0;
    for (let i = 0; i < 50_000; i++) sum += exponential(random, 4);
    expect(sum / 50_000).toBeCloseTo(0.25, 2);
  });
});

describe("Zipf users", () => {
  test("the first is twice as frequent as the second and ten times the tenth", () => {
    const counts = countDraws(1000, 1, 200_000);
    expect(counts[0]! / counts[1]!).toBeCloseTo(2, 0);
    expect(counts[0]! / counts[9]!).toBeGreaterThan(9);
    expect(counts[0]! / counts[9]!).toBeLessThan(11.5);
  });

  test("exponent 0 makes all equally frequent", () => {
    for (const count of countDraws(10, 0, 100_000)) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test("a single user is always drawn", () => {
    expect(countDraws(1, 1, 10)).toEqual([10]);
  });

  test("no draw leaves the range, whatever the generator gives", () => {
    for (const value of [0, 0.5, 1 - Number.EPSILON, 1]) {
      expect(zipfSampler(3, 1, () => value)()).toBeLessThan(3);
    }
  });
});
