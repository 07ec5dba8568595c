import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryBackpressure } from "./backpressure.ts";
import type { IsolateBudget } from "./isolate-budget.ts";

/** How long a request waits; `budget` changes meanwhile as the test says. */
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

describe("room in a full isolate", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is not waited for where the isolate is not full", () => {
    const room = new MemoryBackpressure({ isFull: false } as IsolateBudget, async () => {});
    expect(room.wait()).toBeUndefined();
  });

  it("is waited for until it is there", async () => {
    const budget = { isFull: true, isComingBack: true };
    setTimeout(() => {
      budget.isFull = false;
    }, 90);
    const ms = await waited(budget, async () => {});
    expect(ms).toBeGreaterThanOrEqual(90);
    expect(ms).toBeLessThan(150);
  });

  it("is not waited for where nothing is coming back", async () => {
    expect(await waited({ isFull: true, isComingBack: false }, async () => {})).toBeLessThan(50);
  });

  it.each([
    ["never comes", async () => {}],
    ["another object never gives", () => new Promise<void>(() => {})],
    ["another object fails to give", () => Promise.reject(new Error("gone"))],
  ])("that %s is waited for no longer than about half a second", async (_, reclaim) => {
    expect(await waited({ isFull: true, isComingBack: true }, reclaim)).toBeLessThan(600);
  });

  it("is asked for once by all who wait", async () => {
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
