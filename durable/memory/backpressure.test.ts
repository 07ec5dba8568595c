import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryBackpressure } from "./backpressure.ts";
import type { IsolateBudget } from "./isolate-budget.ts";

/** How long a request waits; the test may change `budget` meanwhile. */
async function waited(budget: { isFull: boolean; isComingBack: boolean }, reclaim: () => Promise<void>) {
  const room = new MemoryBackpressure(budget as unknown as IsolateBudget, reclaim);
  const startedMs = Date.now();
  let endedMs: number | undefined;
  room.wait()?.then(() => {
    endedMs = Date.now();
  });
  await vi.advanceTimersByTimeAsync(5_000);
  return endedMs === undefined ? undefined : endedMs - startedMs;
}

describe("backpressure", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("does not hold requests if the isolate is not full", () => {
    const room = new MemoryBackpressure({ isFull: false } as IsolateBudget, async () => {});
    expect(room.wait()).toBeUndefined();
  });

  it("holds requests until there is room", async () => {
    const budget = { isFull: true, isComingBack: true };
    setTimeout(() => {
      budget.isFull = false;
    }, 90);
    const ms = await waited(budget, async () => {});
    expect(ms).toBeGreaterThanOrEqual(90);
    expect(ms).toBeLessThan(150);
  });

  it("does not hold requests if no memory is about to be freed", async () => {
    expect(await waited({ isFull: true, isComingBack: false }, async () => {})).toBeLessThan(50);
  });

  it.each([
    ["memory is never freed", async () => {}],
    ["another object never answers", () => new Promise<void>(() => {})],
    ["another object fails", () => Promise.reject(new Error("gone"))],
  ])("holds requests for about half a second at most if %s", async (_, reclaim) => {
    expect(await waited({ isFull: true, isComingBack: true }, reclaim)).toBeLessThan(600);
  });

  it("reclaims once for all waiting requests", async () => {
    let asked = 0;
    const room = new MemoryBackpressure({ isFull: true, isComingBack: true } as IsolateBudget, () => {
      asked += 1;
      return new Promise(() => {});
    });
    const all = Promise.all([room.wait(), room.wait(), room.wait()]);
    await vi.advanceTimersByTimeAsync(2_000);
    await all;
    expect(asked).toBe(1);
  });
});
