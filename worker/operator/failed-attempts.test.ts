import { expect, it } from "vitest";
import { ATTEMPT_LIMITS, FailedAttempts } from "./failed-attempts.ts";

const { free, pauseMs, maxPauseMs, groups } = ATTEMPT_LIMITS;

function failing(times: number): FailedAttempts {
  const attempts = new FailedAttempts();
  for (let n = 0; n < times; n += 1) attempts.failed("a", 0);
  return attempts;
}

it("a few wrong tokens cause no pause", () => {
  expect(failing(free - 1).pauseMs("a", 0)).toBe(0);
});

it("further ones cause ever longer pauses, up to a minute, and only for the group that guesses", () => {
  expect(failing(free).pauseMs("a", 0)).toBe(pauseMs);
  expect(failing(free).pauseMs("a", pauseMs)).toBe(0);
  expect(failing(free + 3).pauseMs("a", 0)).toBe(8 * pauseMs);
  expect(failing(free + 500).pauseMs("a", 0)).toBe(maxPauseMs);
  expect(failing(free + 500).pauseMs("b", 0)).toBe(0);
});

it("a right token resets the count", () => {
  const attempts = failing(free + 3);
  attempts.succeeded("a");
  attempts.failed("a", 0);
  expect(attempts.pauseMs("a", 0)).toBe(0);
});

it("a clock that is set back ends a pause instead of extending it", () => {
  const attempts = new FailedAttempts();
  for (let n = 0; n < free; n += 1) attempts.failed("a", 1e12);
  expect(attempts.pauseMs("a", 0)).toBe(0);
  attempts.failed("a", 0);
  expect(attempts.pauseMs("a", 0)).toBe(2 * pauseMs);
});

it("keeps a limited number of groups, the newest", () => {
  const attempts = failing(free);
  for (let n = 0; n < groups; n += 1) attempts.failed(`other-${n}`, 0);
  expect(attempts.pauseMs("a", 0)).toBe(0);
});
