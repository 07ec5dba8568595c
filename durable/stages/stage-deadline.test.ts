import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { StageDeadline } from "./stage-deadline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("aborts a stage after its limit, and not before", async () => {
  const timer = new DeadlineTimer(130_000, 4);
  const first = new StageDeadline(timer);
  void first.wait(new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(60_000);
  const second = new StageDeadline(timer);
  void second.wait(new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(70_000);
  expect([first.signal.aborted, second.signal.aborted]).toEqual([false, false]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([first.signal.aborted, second.signal.aborted]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([second.signal.aborted, vi.getTimerCount()]).toEqual([true, 0]);
});

it("needs one short timer for all waiting stages, and none a second after the last", async () => {
  const timer = new DeadlineTimer(130_000, 4);
  const stages = Array.from({ length: 100 }, () => Promise.withResolvers<void>());
  const delays = vi.spyOn(globalThis, "setTimeout");
  const waiting = stages.map(({ promise }) => new StageDeadline(timer).wait(promise));
  expect(vi.getTimerCount()).toBe(1);
  for (const { resolve } of stages) resolve();
  await Promise.all(waiting);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(Math.max(...delays.mock.calls.map(([, delayMs]) => delayMs ?? 0))).toBeLessThanOrEqual(1_000);
});
