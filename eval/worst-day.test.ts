import { expect, it } from "vitest";
import { worstDayExtra } from "./worst-day.ts";

const HOURS = (hours: number) => Array.from({ length: hours * 10 }, () => 10);

it("the worst day is the 24 hours with the most extra calls, wherever they begin", () => {
  const never = HOURS(72);
  const calls = never.map((count, step) => (step >= 300 && step < 540 ? count * 1.5 : count));
  expect(worstDayExtra(calls, never)).toBeCloseTo(0.5, 9);
  // Half as long: only half of any 24 hours.
  const shorter = never.map((count, step) => (step >= 300 && step < 420 ? count * 1.5 : count));
  expect(worstDayExtra(shorter, never)).toBeCloseTo(0.25, 9);
});

it("of a run shorter than a day, the whole run counts", () => {
  const never = HOURS(4);
  expect(
    worstDayExtra(
      never.map((count, step) => (step === 0 ? count + 40 : count)),
      never,
    ),
  ).toBeCloseTo(0.1, 9);
});

it("nothing is extra where never makes no calls", () => {
  expect(worstDayExtra([0, 0], [0, 0])).toBe(0);
  expect(worstDayExtra([], [])).toBe(0);
});
