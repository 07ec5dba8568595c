import { describe, expect, it } from "vitest";
import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureRow,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "./failure-row.ts";

const SECOND = 1_000;
const at = (seconds: number) => ({ nowMs: seconds * SECOND, random: 0 });

/** Seconds from a failure to the next start. */
function pauseOf(row: FailureRow, seconds: number): number {
  return row.nextStartMs / SECOND - seconds;
}

describe("a filter that traps", () => {
  it("is started again at once after the first trap, then after ever longer pauses", () => {
    let row = NO_FAILURES;
    const pauses: number[] = [];
    for (let seconds = 0, count = 0; count < 9; count += 1) {
      row = afterTrap(row, at(seconds), "closed");
      pauses.push(pauseOf(row, seconds));
      seconds = row.nextStartMs / SECOND;
      expect(mayStart(row, seconds * SECOND)).toBe(true);
      row = afterStart(row, seconds * SECOND);
    }
    expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it("waits after the first trap already where the policy is reload", () => {
    const row = afterTrap(NO_FAILURES, at(10), "reload");
    expect(pauseOf(row, 10)).toBe(1);
    expect([mayStart(row, 10_999), mayStart(row, 11_000)]).toEqual([false, true]);
    expect(pauseOf(afterTrap(afterStart(row, 11_000), at(11), "reload"), 11)).toBe(2);
  });

  it("is forgiven after a minute of health, counted from the start after the failure", () => {
    const row = afterStart(afterTrap(NO_FAILURES, at(0), "closed"), 0);
    expect(pauseOf(afterTrap(row, at(59), "closed"), 59)).toBe(1);
    expect(afterTrap(row, at(60), "closed")).toMatchObject({ failures: 1, nextStartMs: 60_000 });
  });

  it("does not get its minute of health by restarts for another reason", () => {
    const row = afterStart(afterStart(afterTrap(NO_FAILURES, at(0), "closed"), 0), 50_000);
    expect(row.runningSinceMs).toBe(0);
  });
});

describe("a filter that does not start", () => {
  it("is tried again after a pause from the first time on", () => {
    let row = afterFailedStart(NO_FAILURES, at(0));
    expect(pauseOf(row, 0)).toBe(1);
    row = afterFailedStart(row, at(1));
    expect(pauseOf(row, 1)).toBe(2);
  });

  it("continues the row that a trap began", () => {
    const row = afterFailedStart(afterTrap(NO_FAILURES, at(0), "closed"), at(0));
    expect(row).toMatchObject({ failures: 2, pauses: 1, trapped: true });
  });

  it("is not kept from starting by a clock that was set back", () => {
    const row = afterFailedStart(NO_FAILURES, at(1_000_000));
    expect(mayStart(row, 0)).toBe(true);
    expect(mayStart(NO_FAILURES, 0)).toBe(true);
  });

  it("is not held to a row that ended before a clock was set back", () => {
    const row = afterStart(afterTrap(NO_FAILURES, at(1_000), "closed"), 1_000 * SECOND);
    expect(afterTrap(row, at(0), "closed").failures).toBe(1);
  });
});

describe("the policy open", () => {
  it("lets requests pass while the filter cannot be started", () => {
    const row = afterFailedStart(NO_FAILURES, at(0));
    expect(passesUndecided(row, "open")).toBe(true);
    expect(passesUndecided(row, "closed")).toBe(false);
    expect(passesUndecided(row, "reload")).toBe(false);
  });

  it("lets nobody pass in a row of failures that a trap is part of", () => {
    const trapped = afterTrap(NO_FAILURES, at(0), "open");
    expect(passesUndecided(trapped, "open")).toBe(false);
    expect(passesUndecided(afterFailedStart(trapped, at(0)), "open")).toBe(false);
    expect(passesUndecided(afterTrap(afterFailedStart(NO_FAILURES, at(0)), at(1), "open"), "open")).toBe(false);
  });

  it("lets nobody pass without a failure", () => {
    expect(passesUndecided(NO_FAILURES, "open")).toBe(false);
  });
});
