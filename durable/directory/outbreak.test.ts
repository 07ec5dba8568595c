import { expect, it } from "vitest";
import { Outbreak } from "./outbreak.ts";

it("begins with the fifth request without a decision since the last report, once", () => {
  const outbreak = new Outbreak(100);
  expect([101, 104, 105, 106, 200].map((undecided) => outbreak.begins(undecided))).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
});

it("lasts from report to report, and is over after one with fewer", () => {
  const outbreak = new Outbreak(0);
  expect(outbreak.begins(5)).toBe(true);
  outbreak.reported(7);
  expect(outbreak.begins(60)).toBe(false);
  outbreak.reported(60);
  outbreak.reported(62);
  expect(outbreak.begins(66)).toBe(false);
  expect(outbreak.begins(67)).toBe(true);
});

it("is not made of single requests that come far apart", () => {
  const outbreak = new Outbreak(0);
  for (let undecided = 1; undecided < 100; undecided += 1) {
    expect(outbreak.begins(undecided)).toBe(false);
    outbreak.reported(undecided);
  }
});
