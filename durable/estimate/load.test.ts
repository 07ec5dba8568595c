import { describe, expect, it } from "vitest";
import { Load } from "./load.ts";

const SAMPLE_MS = 10_000;
const TTL_MS = 60_000;

/** Samples of 10 s until a time; `calls` and `requests` in each. */
function pushed(load: Load, untilMs: number, calls: number, requests: number): void {
  while (load.curve.endMs < untilMs) load.push(load.curve.endMs + SAMPLE_MS, calls, requests);
}

describe("the load", () => {
  it("is the calls of one TTL, the share of hits and the rate of requests", () => {
    const load = new Load();
    load.started(0, true);
    pushed(load, 3_600_000, 5, 50);
    const { demandCalls, hitShare, requestsPerSecond, isRising } = load.now(TTL_MS);
    expect(demandCalls).toBeCloseTo(30);
    expect(hitShare).toBeCloseTo(0.9);
    expect(requestsPerSecond).toBeCloseTo(5);
    expect(isRising).toBe(false);
  });

  it("is nothing before there are requests", () => {
    const load = new Load();
    load.started(0, true);
    expect(load.now(TTL_MS)).toMatchObject({ demandCalls: 0, hitShare: 0, requestsPerSecond: 0, isRising: false });
  });

  it("begins at the first start that it sees, though the service had others before an eviction", () => {
    const load = new Load();
    load.started(3_600_000, false);
    pushed(load, 3_660_000, 5, 50);
    expect(load.now(600_000).requestsPerSecond).toBeCloseTo(5);
  });

  it("counts the time until a start without a sample yet in its rate of requests", () => {
    const load = new Load();
    load.started(0, true);
    pushed(load, 100_000, 5, 50);
    expect(load.now(600_000, 125_000).requestsPerSecond).toBeCloseTo(4);
  });

  it("rises if the last quarter of a TTL has clearly more requests", () => {
    const load = new Load();
    load.started(0, true);
    pushed(load, 3_600_000, 5, 50);
    pushed(load, 3_620_000, 20, 200);
    expect(load.now(TTL_MS).isRising).toBe(true);
  });

  it("is not averaged over the time before a change of the TTL", () => {
    const load = new Load();
    load.started(0, true);
    pushed(load, 3_600_000, 30, 50);
    load.ttlChanged(3_600_000);
    pushed(load, 4_500_000, 5, 50);
    expect(load.now(TTL_MS).demandCalls).toBeCloseTo(30);
    expect(load.steadyTime(TTL_MS).fromMs).toBeGreaterThanOrEqual(3_600_000);
  });
});
