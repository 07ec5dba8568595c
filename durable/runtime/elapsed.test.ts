import { expect, it } from "vitest";
import { hasElapsed, pauseLeftMs } from "./elapsed.ts";

it.each([
  [1_000, false],
  [1_999, false],
  [2_000, true],
  [5_000, true],
  // The clock was set back.
  [999, true],
  [-5_000, true],
])("an interval of a second that began at 1,000 ms has elapsed at %d: %s", (nowMs, elapsed) => {
  expect(hasElapsed(1_000, 1_000, nowMs)).toBe(elapsed);
});

it("an interval has elapsed if it never began", () => {
  expect(hasElapsed(Number.NEGATIVE_INFINITY, 1_000, 0)).toBe(true);
});

it.each([
  [4_000, 6_000],
  [9_999, 1],
  [10_000, 0],
  [20_000, 0],
  // Longer than any possible pause.
  [-50_001, 0],
])("a pause of a minute at most until 10,000 ms has at %d ms so many left: %d", (nowMs, leftMs) => {
  expect(pauseLeftMs(10_000, 60_000, nowMs)).toBe(leftMs);
});
