import { expect, test } from "vitest";
import { requestsPerSecond } from "./load-curve.ts";

const curve = { peakPerSecond: 200, durationSeconds: 600, waves: 1 };

test("the load is at its peak in the middle and low, but never silent, at both ends", () => {
  expect(requestsPerSecond(curve, 300)).toBeCloseTo(200);
  expect(requestsPerSecond(curve, 0)).toBeCloseTo(16);
  expect(requestsPerSecond(curve, 600)).toBeCloseTo(16);
});

test("it rises and falls without a jump", () => {
  for (let second = 0; second < 600; second++) {
    const change = requestsPerSecond(curve, second + 1) - requestsPerSecond(curve, second);
    expect(Math.abs(change)).toBeLessThan(2);
    expect(Math.sign(change)).toBe(second < 300 ? 1 : -1);
  }
});

test("three waves have three peaks", () => {
  const waves = { ...curve, waves: 3 };
  for (const peak of [100, 300, 500]) expect(requestsPerSecond(waves, peak)).toBeCloseTo(200);
  for (const trough of [200, 400]) expect(requestsPerSecond(waves, trough)).toBeCloseTo(16);
});
