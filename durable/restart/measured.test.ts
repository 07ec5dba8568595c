import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { CacheGuestOptions } from "../estimate/testing/cache-guest.ts";
import { type Moment, restartsOf, runService, type ServiceRun } from "../estimate/testing/run.ts";
import { measuredPolicy } from "./measured.ts";
import { anySituation } from "./testing/hostile.ts";
import { situationOf } from "./testing/situation.ts";

const measured = measuredPolicy({ collectMs: 900_000, extraCallsShare: 0 });
const verdictOn = (change: Parameters<typeof situationOf>[0]) => measured(situationOf(change));

describe("the policy measured", () => {
  it("restarts when required has fallen, surplus has risen, and the credit covers the price", () => {
    expect(verdictOn({})).toEqual({ restart: true, reason: "required_fell" });
  });

  it("restarts memory that grows without end as often as the credit allows", () => {
    const endless = { growsWithoutEnd: true, outboundInTtl: 3_168, demandCalls: 3_168 };
    expect(verdictOn({ estimate: endless })).toEqual({ restart: true, reason: "grows_without_end" });
    expect(verdictOn({ estimate: endless, creditCalls: 0 }).reason).toBe("no_credit");
  });

  it("never judges before a service has been watched for long enough", () => {
    expect(verdictOn({ estimate: { observedMs: 899_999 } })).toEqual({ restart: false, reason: "collecting" });
  });

  it("keeps an instance whose growth is too little to tell anything", () => {
    const unknown = { bytesPerEntry: undefined, fixedBytes: undefined };
    expect(verdictOn({ estimate: unknown })).toEqual({ restart: false, reason: "too_little_growth" });
  });

  it("keeps an instance that still fills", () => {
    expect(verdictOn({ estimate: { filledMs: 299_999 } })).toEqual({ restart: false, reason: "filling" });
  });

  it("keeps an instance that a fresh one would grow back to", () => {
    const estimate = { baselineBytes: 100 * PAGE_BYTES };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "below_baseline" });
  });

  it("keeps an instance whose calls have not fallen by more than chance", () => {
    const estimate = { outboundInTtl: 3_100, demandCalls: 3_100 };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "required_not_falling" });
  });

  it("keeps an instance that would give back too small a part of what it holds", () => {
    const estimate = { baselineBytes: 91 * PAGE_BYTES };
    expect(verdictOn({ estimate })).toEqual({ restart: false, reason: "surplus_not_rising" });
  });

  it("keeps an instance whose restart costs more than there is credit for", () => {
    expect(verdictOn({ creditCalls: 99 })).toEqual({ restart: false, reason: "no_credit" });
    expect(verdictOn({ creditCalls: 0, priceCalls: 0 })).toEqual({ restart: false, reason: "no_credit" });
  });

  it("keeps an instance whose gain is too small a part for that part of the credit", () => {
    // Gives back 46 % of what could be, and would take half of the credit.
    expect(verdictOn({ creditCalls: 100 })).toEqual({ restart: false, reason: "gain_below_price" });
    expect(verdictOn({ creditCalls: 150 }).restart).toBe(true);
  });

  it("restarts sooner where a restart costs next to nothing", () => {
    expect(verdictOn({ creditCalls: 10, priceCalls: 1 }).restart).toBe(true);
    expect(verdictOn({ creditCalls: 10 }).restart).toBe(false);
  });

  it("spends ahead what the next hours earn, but not where memory grows without end", () => {
    const spending = measuredPolicy({ collectMs: 900_000, extraCallsShare: 0.01 });
    // 1,568 calls in five minutes earn 1,129 in six hours.
    expect(spending(situationOf({ creditCalls: -500 })).restart).toBe(true);
    expect(spending(situationOf({ creditCalls: -1_100 })).reason).toBe("no_credit");
    const endless = { growsWithoutEnd: true };
    expect(spending(situationOf({ creditCalls: -500, estimate: endless })).reason).toBe("no_credit");
  });

  it("judges objects with another jitter by another threshold", () => {
    const creditCalls = 118;
    expect(verdictOn({ creditCalls, jitter: 0 }).restart).toBe(true);
    expect(verdictOn({ creditCalls, jitter: 1 }).reason).toBe("gain_below_price");
  });

  it("has an answer in any situation, and more credit never keeps what less would restart", () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const verdict = measured(situation);
        expect(typeof verdict.restart).toBe("boolean");
        expect(typeof verdict.reason).toBe("string");
        if (verdict.restart)
          expect(measured({ ...situation, creditCalls: situation.creditCalls + 1_000 }).restart).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

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

describe("a service under the policy measured", () => {
  it.each<[string, Partial<CacheGuestOptions>]>([
    ["grows page by page", {}],
    ["doubles", { growBy: (pages) => pages }],
    ["has power-of-two size classes", { sizeClasses: [512, 1_024, 2_048, 4_096] }],
    ["frees late", { frees: { everyMs: 2 * MINUTE_MS } }],
    ["lives for a minute", { ttlMs: MINUTE_MS }],
    ["hardly grows", { requestsPerSecond: () => 0.1 }],
  ])("is not restarted in 24 hours of constant load if it %s", (_, guest) => {
    for (const seed of [1, 2]) expect(restartsOf(run({ seed, ...guest }, 24 * HOUR_MS).moments)).toEqual([]);
  });

  it("holds much less over days that rise and fall, for a share of extra calls that was allowed", () => {
    const requestsPerSecond = (ageMs: number) => 5 + 4.5 * Math.sin((2 * Math.PI * ageMs) / (12 * HOUR_MS));
    const day = { requestsPerSecond, clients: 3_000 };
    const restarted = run(day, 24 * HOUR_MS);
    const kept = run(day, 24 * HOUR_MS, { policy: "never" });
    expect(restartsOf(restarted.moments).length).toBeGreaterThan(2);
    expect(meanAllocated(restarted.moments)).toBeLessThan(0.85 * meanAllocated(kept.moments));
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.015);
  });

  it("restarts at least as often where the filter hands its entries over", () => {
    const requestsPerSecond = (ageMs: number) => 5 + 4.5 * Math.sin((2 * Math.PI * ageMs) / (12 * HOUR_MS));
    const day = { requestsPerSecond, clients: 3_000 };
    const counted = (handover: boolean) => restartsOf(run(day, 24 * HOUR_MS, { handover }).moments).length;
    expect(counted(true)).toBeGreaterThanOrEqual(counted(false));
  });

  it("is never restarted by it before the minimum lifetime, and not in a storm with entries of a minute", () => {
    const requestsPerSecond = (ageMs: number) => 10 + 9 * Math.sin((2 * Math.PI * ageMs) / HOUR_MS);
    const { moments } = run({ ttlMs: MINUTE_MS, requestsPerSecond }, 6 * HOUR_MS);
    for (const { estimate } of restartsOf(moments)) expect(estimate.uptimeMs).toBeGreaterThanOrEqual(60_000);
    expect(restartsOf(moments).length).toBeLessThan(60);
  });

  it("is kept under its hard limit for ever if it leaks", () => {
    const settings = { hardLimitBytes: 16_777_216 };
    const { moments } = run({ leakBytes: 2_225 }, 24 * HOUR_MS, { settings });
    expect(restartsOf(moments).length).toBeGreaterThan(3);
    for (const { estimate } of moments) expect(estimate.allocatedBytes).toBeLessThanOrEqual(16_777_216);
  });

  it("is restarted as memory that grows without end if it frees only what is asked for again", () => {
    const guest = { frees: "when-touched" as const, clients: 50_000, requestsPerSecond: () => 10 };
    const restarted = run(guest, 24 * HOUR_MS);
    const kept = run(guest, 24 * HOUR_MS, { policy: "never" });
    expect(restartsOf(restarted.moments).map(({ verdict }) => verdict.reason)).toContain("grows_without_end");
    expect(meanAllocated(restarted.moments)).toBeLessThan(0.5 * meanAllocated(kept.moments));
    expect(restarted.outbound / kept.outbound - 1).toBeLessThan(0.015);
  });

  it("gives a buffer that was used once back, once", () => {
    const transient = { atMs: 30 * MINUTE_MS, bytes: 4_000_000 };
    const { moments } = run({ transient }, 12 * HOUR_MS);
    expect(restartsOf(moments).length).toBeLessThanOrEqual(1);
  });
});
