import { describe, expect, it } from "vitest";
import type { CacheGuestOptions } from "../estimate/testing/cache-guest.ts";
import { type Moment, restartsOf, runService, type ServiceRun } from "../estimate/testing/run.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TTL_MS = 5 * MINUTE_MS;

function run(guest: Partial<CacheGuestOptions>, durationMs: number, change: Partial<ServiceRun> = {}) {
  const options = { seed: 1, ttlMs: TTL_MS, requestsPerSecond: () => 4, ...guest };
  return runService({ guest: options, policy: "measured", durationMs, ...change });
}

function meanAllocated(moments: readonly Moment[]): number {
  return moments.reduce((sum, { estimate }) => sum + estimate.allocatedBytes, 0) / moments.length;
}

describe("a service with the policy measured", () => {
  it.each<[string, Partial<CacheGuestOptions>]>([
    ["grows page by page", {}],
    ["doubles", { growBy: (pages) => pages }],
    ["has power-of-two size classes", { sizeClasses: [512, 1_024, 2_048, 4_096] }],
    ["frees late", { frees: { everyMs: 2 * MINUTE_MS } }],
    ["has a TTL of one minute", { ttlMs: MINUTE_MS }],
    ["hardly grows", { requestsPerSecond: () => 0.1 }],
    ["has many hits", { clients: 500 }],
  ])("stays within the allowed share of extra calls under constant load if it %s", (_, guest) => {
    const restarted = run(guest, 8 * HOUR_MS);
    const kept = run(guest, 8 * HOUR_MS, { policy: "never" });
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.0105 + 3 / Math.sqrt(kept.outbound));
    expect(meanAllocated(restarted.moments)).toBeLessThanOrEqual(1.01 * meanAllocated(kept.moments));
  });

  it("stays within the share, apart from the first restarts, if no call equals another", () => {
    const guest = { clients: 500 };
    const restarted = run(guest, 12 * HOUR_MS, { questions: "never equal" });
    const kept = run(guest, 12 * HOUR_MS, { policy: "never" });
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.02);
  });

  it("holds much less memory while the load rises and falls, for about the allowed share, and more so with handover", () => {
    const requestsPerSecond = (ageMs: number) => 5 + 4.5 * Math.sin((2 * Math.PI * ageMs) / (12 * HOUR_MS));
    const day = { requestsPerSecond, clients: 3_000 };
    const restarted = run(day, 24 * HOUR_MS);
    const kept = run(day, 24 * HOUR_MS, { policy: "never" });
    expect(restartsOf(restarted.moments).length).toBeGreaterThan(2);
    expect(meanAllocated(restarted.moments)).toBeLessThan(0.85 * meanAllocated(kept.moments));
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.015);
    const handedOver = run(day, 24 * HOUR_MS, { handover: true });
    expect(restartsOf(handedOver.moments).length).toBeGreaterThanOrEqual(restartsOf(restarted.moments).length);
  });

  it("restarts neither before the minimum lifetime nor in a storm with a TTL of one minute", () => {
    const requestsPerSecond = (ageMs: number) => 10 + 9 * Math.sin((2 * Math.PI * ageMs) / HOUR_MS);
    const { moments, outbound } = run({ ttlMs: MINUTE_MS, requestsPerSecond }, 6 * HOUR_MS);
    for (const { estimate } of restartsOf(moments)) expect(estimate.uptimeMs).toBeGreaterThanOrEqual(60_000);
    const kept = run({ ttlMs: MINUTE_MS, requestsPerSecond }, 6 * HOUR_MS, { policy: "never" });
    expect(outbound / kept.outbound - 1).toBeLessThan(0.015);
  });

  it("stays under its hard limit if it leaks", () => {
    const settings = { hardLimitBytes: 16_777_216 };
    const { moments } = run({ leakBytes: 2_225 }, 24 * HOUR_MS, { settings });
    expect(restartsOf(moments).length).toBeGreaterThan(3);
    for (const { estimate } of moments) expect(estimate.allocatedBytes).toBeLessThanOrEqual(16_777_216);
  });

  it("holds half as much if it frees only entries requested again", () => {
    const guest = { frees: "when-touched" as const, clients: 50_000, requestsPerSecond: () => 5 };
    const restarted = run(guest, 18 * HOUR_MS);
    const kept = run(guest, 18 * HOUR_MS, { policy: "never" });
    expect(meanAllocated(restarted.moments)).toBeLessThan(0.5 * meanAllocated(kept.moments));
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.015);
  });

  it("frees a buffer that was used once within an hour", () => {
    const transient = { atMs: 30 * MINUTE_MS, bytes: 4_000_000 };
    const { moments } = run({ transient }, 12 * HOUR_MS);
    const later = moments.filter(({ ageMs }) => ageMs > 90 * MINUTE_MS);
    expect(Math.max(...later.map(({ estimate }) => estimate.allocatedBytes))).toBeLessThan(6_000_000);
  });
});
