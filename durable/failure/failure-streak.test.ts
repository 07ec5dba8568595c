import { describe, expect, it } from "vitest";
import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureStreak,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "./failure-streak.ts";

const SECOND = 1_000;
const at = (seconds: number) => ({ nowMs: seconds * SECOND, random: 0 });

/** Seconds from a failure to the next start. */
function pauseOf(streak: FailureStreak, seconds: number): number {
  return streak.nextStartMs / SECOND - seconds;
}

describe("a filter that traps", () => {
  it("is started again at once after the first trap, then after increasing pauses", () => {
    let streak = NO_FAILURES;
    const pauses: number[] = [];
    for (let seconds = 0, count = 0; count < 9; count += 1) {
      streak = afterTrap(streak, at(seconds), "closed");
      pauses.push(pauseOf(streak, seconds));
      seconds = streak.nextStartMs / SECOND;
      expect(mayStart(streak, seconds * SECOND)).toBe(true);
      streak = afterStart(streak, seconds * SECOND);
    }
    expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it("pauses even after the first trap if the policy is reload", () => {
    const streak = afterTrap(NO_FAILURES, at(10), "reload");
    expect(pauseOf(streak, 10)).toBe(1);
    expect([mayStart(streak, 10_999), mayStart(streak, 11_000)]).toEqual([false, true]);
    expect(pauseOf(afterTrap(afterStart(streak, 11_000), at(11), "reload"), 11)).toBe(2);
  });

  it("is forgiven after a healthy minute, counted from the start after the failure", () => {
    const streak = afterStart(afterTrap(NO_FAILURES, at(0), "closed"), 0);
    expect(pauseOf(afterTrap(streak, at(59), "closed"), 59)).toBe(1);
    expect(afterTrap(streak, at(60), "closed")).toMatchObject({ failures: 1, nextStartMs: 60_000 });
  });

  it("does not lose its healthy time through restarts for other reasons", () => {
    const streak = afterStart(afterStart(afterTrap(NO_FAILURES, at(0), "closed"), 0), 50_000);
    expect(streak.runningSinceMs).toBe(0);
  });
});

describe("a filter that does not start", () => {
  it("is tried again only after a pause, even the first time", () => {
    let streak = afterFailedStart(NO_FAILURES, at(0));
    expect(pauseOf(streak, 0)).toBe(1);
    streak = afterFailedStart(streak, at(1));
    expect(pauseOf(streak, 1)).toBe(2);
  });

  it("continues the streak that a trap began", () => {
    const streak = afterFailedStart(afterTrap(NO_FAILURES, at(0), "closed"), at(0));
    expect(streak).toMatchObject({ failures: 2, pauses: 1, trapped: true });
  });

  it("can start after the clock was set back", () => {
    const streak = afterFailedStart(NO_FAILURES, at(1_000_000));
    expect(mayStart(streak, 0)).toBe(true);
    expect(mayStart(NO_FAILURES, 0)).toBe(true);
  });

  it("starts a new streak if the last one ended before the clock was set back", () => {
    const streak = afterStart(afterTrap(NO_FAILURES, at(1_000), "closed"), 1_000 * SECOND);
    expect(afterTrap(streak, at(0), "closed").failures).toBe(1);
  });
});

describe("the policy open", () => {
  it("lets requests pass while the filter cannot be started", () => {
    const streak = afterFailedStart(NO_FAILURES, at(0));
    expect(passesUndecided(streak, "open")).toBe(true);
    expect(passesUndecided(streak, "closed")).toBe(false);
    expect(passesUndecided(streak, "reload")).toBe(false);
  });

  it("lets no one pass during a streak that includes a trap", () => {
    const trapped = afterTrap(NO_FAILURES, at(0), "open");
    expect(passesUndecided(trapped, "open")).toBe(false);
    expect(passesUndecided(afterFailedStart(trapped, at(0)), "open")).toBe(false);
    expect(passesUndecided(afterTrap(afterFailedStart(NO_FAILURES, at(0)), at(1), "open"), "open")).toBe(false);
  });

  it("lets no one pass without a failure", () => {
    expect(passesUndecided(NO_FAILURES, "open")).toBe(false);
  });
});
