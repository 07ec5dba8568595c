import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineTimer } from "./deadline-timer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a deadline", () => {
  it("passes at most one tick late, and never early", async () => {
    for (const startsAfterMs of [0, 1, 60, 124]) {
      const timer = new DeadlineTimer(2_000, 16);
      // Another deadline, so that the timer already runs.
      const cancel = timer.start(() => {});
      await vi.advanceTimersByTimeAsync(startsAfterMs);
      const passed = vi.fn();
      timer.start(passed);
      await vi.advanceTimersByTimeAsync(1_999);
      expect(passed).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(126);
      expect(passed).toHaveBeenCalledOnce();
      cancel();
    }
  });

  it("shorter than a tick is exact", async () => {
    const passed = vi.fn();
    new DeadlineTimer(2_000, 16).start(passed, 40);
    await vi.advanceTimersByTimeAsync(39);
    expect(passed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(passed).toHaveBeenCalledOnce();
  });

  it("of a few milliseconds is at most a millisecond late", async () => {
    const passed = vi.fn();
    const timer = new DeadlineTimer(3, 16);
    timer.start(passed);
    await vi.advanceTimersByTimeAsync(2);
    expect(passed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(passed).toHaveBeenCalledOnce();
  });

  it("never passes after it was cancelled, and leaves a timer for at most one tick", async () => {
    const timer = new DeadlineTimer(2_000, 16);
    const passed = vi.fn();
    const cancels = [timer.start(passed), timer.start(passed, 40), timer.start(passed, 500)];
    for (const cancel of cancels) cancel();
    await vi.advanceTimersByTimeAsync(125);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(passed).not.toHaveBeenCalled();
  });

  it("does not depend on a clock that is set", async () => {
    const timer = new DeadlineTimer(2_000, 16);
    const passed = vi.fn();
    timer.start(passed);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(2_125);
    expect(passed).toHaveBeenCalledOnce();
  });
});

it("a thousand successive deadlines need few timers", async () => {
  const timer = new DeadlineTimer(2_000, 16);
  const timers = vi.spyOn(globalThis, "setTimeout");
  let cancel = timer.start(() => {});
  for (let n = 0; n < 1_000; n += 1) {
    const next = timer.start(() => {});
    cancel();
    cancel = next;
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(timers.mock.calls.length).toBeLessThanOrEqual(10);
  cancel();
});

it("deadlines that do not overlap clear no timer", async () => {
  const timer = new DeadlineTimer(2_000, 16);
  const [timers, cleared] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
  for (let n = 0; n < 1_000; n += 1) {
    timer.start(() => {})();
    timer.start(() => {}, 10)();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(cleared).not.toHaveBeenCalled();
  expect(timers.mock.calls.filter(([, ms]) => ms === 125).length).toBeLessThanOrEqual(10);
});

it("a callback that throws stops no other deadline", async () => {
  const timer = new DeadlineTimer(2_000, 16);
  const passed = vi.fn();
  timer.start(() => {
    throw new Error("gone wrong");
  }, 500);
  timer.start(passed);
  await expect(vi.advanceTimersByTimeAsync(700)).rejects.toThrow("gone wrong");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(passed).toHaveBeenCalledOnce();
});
