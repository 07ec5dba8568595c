import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GuestCalls } from "./guests/guest-calls.ts";
import { watchCalls } from "./watchdog.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watched thread: its own view of the calls, and what was reported. */
function watched() {
  const calls = new GuestCalls();
  const onLoop = vi.fn();
  const stop = watchCalls(calls, onLoop);
  return { thread: new GuestCalls(calls.memory), onLoop, stop };
}

describe("the watchdog", () => {
  it("reports a call that has not returned for 20 s, once and with its kind", () => {
    const { thread, onLoop } = watched();
    thread.begin("tick");
    vi.advanceTimersByTime(19_900);
    expect(onLoop).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(onLoop.mock.calls).toEqual([["tick", 20_000]]);
  });

  it("does not report many short calls, however long they take together", () => {
    const { thread, onLoop } = watched();
    for (let second = 0; second < 100; second += 1) {
      thread.begin("request");
      vi.advanceTimersByTime(1_000);
      thread.end();
    }
    expect(onLoop).not.toHaveBeenCalled();
  });

  it("does not report a thread that computes outside of calls", () => {
    const { thread, onLoop } = watched();
    thread.begin("start");
    thread.end();
    vi.advanceTimersByTime(600_000);
    expect(onLoop).not.toHaveBeenCalled();
  });

  it("does not add the time of one call to that of the next", () => {
    const { thread, onLoop } = watched();
    for (let call = 0; call < 5; call += 1) {
      thread.begin("request");
      vi.advanceTimersByTime(15_000);
      thread.end();
    }
    expect(onLoop).not.toHaveBeenCalled();
  });

  it("reports nothing after its end", () => {
    const { thread, onLoop, stop } = watched();
    thread.begin("request");
    stop();
    vi.advanceTimersByTime(60_000);
    expect(onLoop).not.toHaveBeenCalled();
  });
});
