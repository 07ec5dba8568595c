import { describe, expect, it } from "vitest";
import { TickAlarm } from "./tick-alarm.ts";

describe("the alarm of a filter's ticks", () => {
  it("is set once, and again only after it went off", () => {
    const delays: number[] = [];
    const alarm = new TickAlarm((delayMs) => delays.push(delayMs));
    alarm.arm(0);
    alarm.arm(30_000);
    alarm.arm(30_000);
    alarm.fired();
    alarm.arm(1);
    expect(delays).toEqual([30_000, 5_000]);
  });
});
