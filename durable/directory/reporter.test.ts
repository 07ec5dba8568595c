import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { REPORTING, Reporter } from "./reporter.ts";

const { intervalMs, quietMs, urgentMs } = REPORTING;
const START_MS = 1_000_000_000_000;

describe("a service tells its figures", () => {
  let toldMs: number[];
  let isReachable: boolean;
  const nowMs = () => Date.now() - START_MS;
  const reporter = (toldAtMs = 0) =>
    new Reporter({
      nowMs: () => Date.now(),
      setTimer: (callback, delayMs) => void setTimeout(callback, delayMs),
      tell: async () => {
        toldMs.push(nowMs());
        return isReachable;
      },
      toldAtMs,
    });
  /** One change each second. */
  const change = async (told: Reporter, seconds: number) => {
    for (let n = 0; n < seconds; n += 1) {
      told.changed();
      await vi.advanceTimersByTimeAsync(1_000);
    }
  };

  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS });
    toldMs = [];
    isReachable = true;
  });
  afterEach(() => void vi.useRealTimers());

  it("soon after its first requests, then once a minute", async () => {
    await change(reporter(), 200);
    expect(toldMs).toHaveLength(4);
    expect(toldMs[0]).toBe(quietMs);
    for (const [index, atMs] of toldMs.entries()) {
      if (index > 0) expect(atMs - toldMs[index - 1]!).toBeGreaterThanOrEqual(intervalMs);
    }
  });

  it("once more when it falls quiet, so that no figure of a burst is missing", async () => {
    const told = reporter();
    await change(told, 20);
    const lastMs = nowMs();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(toldMs).toHaveLength(2);
    expect(toldMs[1]! - lastMs).toBeLessThanOrEqual(quietMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("at most once a minute over time, however its requests come", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 60 }), (pauses) => {
        vi.useFakeTimers({ now: START_MS });
        toldMs = [];
        const told = reporter();
        for (const seconds of pauses) {
          told.changed();
          vi.advanceTimersByTime(seconds * 1_000);
        }
        expect(toldMs.length).toBeLessThanOrEqual(2 + nowMs() / intervalMs);
      }),
      { numRuns: 50 },
    );
  });

  it("not again at once in each life, if its lives are short", async () => {
    await change(reporter(START_MS - 20_000), 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(toldMs).toEqual([]);
    await change(reporter(START_MS - 20_000), 30);
    expect(toldMs).toHaveLength(0);
  });

  it("at once when its state changes, but not every moment", async () => {
    const told = reporter();
    for (let n = 0; n < 25; n += 1) {
      told.stateChanged();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await vi.advanceTimersByTimeAsync(urgentMs);
    expect(toldMs[0]).toBe(0);
    for (const [index, atMs] of toldMs.entries()) {
      if (index > 0) expect(atMs - toldMs[index - 1]!).toBeGreaterThanOrEqual(urgentMs);
    }
    expect(toldMs.at(-1)).toBeGreaterThanOrEqual(24_000);
  });

  it("once a minute too after its state has changed often: figures that are old would be taken for those of a sleeper", async () => {
    const told = reporter();
    for (let n = 0; n < 8; n += 1) {
      told.stateChanged();
      await change(told, 10);
    }
    await change(told, 600);
    for (const [index, atMs] of toldMs.entries()) {
      if (index > 0) expect(atMs - toldMs[index - 1]!).toBeLessThanOrEqual(intervalMs + quietMs);
    }
    const lastMs = nowMs();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(toldMs.at(-1)).toBeGreaterThanOrEqual(lastMs);
  });

  it("not faster than once a minute if its state never rests", async () => {
    const told = reporter();
    for (let n = 0; n < 1_800; n += 1) {
      told.stateChanged();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(toldMs.length).toBeLessThanOrEqual(30 + 2 + REPORTING.ahead);
    expect(toldMs.length).toBeGreaterThanOrEqual(28);
  });

  it("with the next report, if one could not be told", async () => {
    isReachable = false;
    const told = reporter();
    await change(told, 1);
    await vi.advanceTimersByTimeAsync(600_000);
    const failed = toldMs.length;
    expect(failed).toBeGreaterThanOrEqual(1);
    expect(vi.getTimerCount()).toBe(0);
    isReachable = true;
    await change(told, 1);
    await vi.advanceTimersByTimeAsync(2 * quietMs);
    expect(toldMs.length).toBe(failed + 1);
  });

  it("although the clock is set back", async () => {
    const told = reporter();
    await change(told, 61);
    const before = toldMs.length;
    vi.setSystemTime(START_MS - 86_400_000);
    await change(told, 180);
    expect(toldMs.length).toBeGreaterThanOrEqual(before + 2);
  });
});
