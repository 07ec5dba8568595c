import { expect, it } from "vitest";
import { parseSeeds } from "./seeds.ts";

it("seeds are a count, a range or a list", () => {
  expect(parseSeeds("3")).toEqual([1, 2, 3]);
  expect(parseSeeds("20")).toHaveLength(20);
  expect(parseSeeds("6-8")).toEqual([6, 7, 8]);
  expect(parseSeeds("101-102")).toEqual([101, 102]);
  expect(parseSeeds("9,4")).toEqual([9, 4]);
});

it.each(["0", "21", "", "-3", "6-", "9-4", "1-21", "1,x", "4,4", "1.5", "1-1e9"])("%j is refused", (text) => {
  expect(() => parseSeeds(text)).toThrow(`--seeds ${text}: allowed are a count from 1 to 20`);
});
