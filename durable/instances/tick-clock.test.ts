import { describe, expect, it } from "vitest";
import { TickClock } from "./tick-clock.ts";

describe("ticks of a filter", () => {
  it("are due at once in a fresh instance, then after each period", () => {
    const clock = new TickClock();
    expect([clock.hasTicked, clock.isDue(5_000, 0)]).toEqual([false, true]);
    clock.ticked(0);
    expect([clock.hasTicked, clock.isDue(5_000, 4_999), clock.isDue(5_000, 5_000)]).toEqual([true, false, true]);
  });

  it("are never due for a filter that requests none", () => {
    expect(new TickClock().isDue(0, 1_000_000)).toBe(false);
  });

  it("come at most ten times a second, whatever the filter requests", () => {
    const clock = new TickClock();
    clock.ticked(0);
    expect([clock.isDue(1, 99), clock.isDue(1, 100)]).toEqual([false, true]);
  });

  it("continue after the clock was set back", () => {
    const clock = new TickClock(1_000_000);
    expect(clock.isDue(5_000, 0)).toBe(true);
  });
});
