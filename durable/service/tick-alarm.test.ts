import { describe, expect, it } from "vitest";
import { TickAlarm } from "./tick-alarm.ts";

describe("the alarm of a filter's ticks", () => {
  it("is set once, and again only after it fires", () => {
    const delays: number[] = [];
    const alarm = new TickAlarm(
      async (delayMs) => {
        delays.push(delayMs);
      },
      () => 0,
    );
    alarm.arm(0);
    alarm.arm(30_000);
    alarm.arm(30_000);
    alarm.fired();
    alarm.arm(1);
    expect(delays).toEqual([30_000, 5_000]);
  });

  it("is set by a later request after a growing pause if it could not be set", async () => {
    let nowMs = 0;
    let refuses = true;
    const attempts: number[] = [];
    const alarm = new TickAlarm(
      async () => {
        attempts.push(nowMs);
        if (refuses) throw new Error("no quota");
      },
      () => nowMs,
    );
    for (; nowMs < 40_000; nowMs += 1_000) {
      alarm.arm(1_000);
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(attempts).toEqual([0, 5_000, 15_000, 35_000]);
    refuses = false;
    nowMs = 80_000;
    alarm.arm(1_000);
    await Promise.resolve();
    alarm.arm(1_000);
    expect(attempts).toHaveLength(5);
  });

  it("is not delayed by a clock that is set back", async () => {
    let nowMs = 1_000_000;
    let attempts = 0;
    const alarm = new TickAlarm(
      async () => {
        attempts += 1;
        throw new Error("no quota");
      },
      () => nowMs,
    );
    alarm.arm(30_000);
    await Promise.resolve();
    await Promise.resolve();
    nowMs = 0;
    alarm.arm(30_000);
    expect(attempts).toBe(2);
  });
});
