import { describe, expect, it } from "vitest";
import type { RestartSettings } from "../../config/index.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { Samples } from "../metrics/samples.ts";
import { DEFAULT_SETTINGS, settingsWith } from "../testing/settings.ts";
import { RestartController } from "./controller.ts";
import { nothingLearned, startGeneration } from "./learned.ts";
import type { RestartPolicyName } from "./policies.ts";

function controller(policy: RestartPolicyName = "never", change: Partial<RestartSettings> = {}, kept = keptState()) {
  const settings = settingsWith({ sampleIntervalMs: 1_000, minLifetimeMs: 0, ...change });
  return new RestartController(kept, { policy, settings, handover: false, random: () => 0 });
}

function keptState() {
  return { samples: new Samples(), learned: nothingLearned("v"), counts: { requests: 7, hits: 5, outbound: 2 } };
}

/** A controller whose first instance started with one page at time 0. */
function started(policy?: RestartPolicyName, change?: Partial<RestartSettings>) {
  const made = controller(policy, change);
  made.started(0, PAGE_BYTES);
  return made;
}

describe("the restart controller", () => {
  it("samples the difference from the previous reading", () => {
    const made = started();
    made.sample(1_000, { allocatedBytes: 3 * PAGE_BYTES, counts: { requests: 17, hits: 9, outbound: 8 } });
    made.sample(2_000, { allocatedBytes: 3 * PAGE_BYTES, counts: { requests: 18, hits: 10, outbound: 8 } });
    expect(made.samples.recent(2)).toEqual([
      {
        generation: 1,
        timeMs: 1_000,
        allocatedBytes: 3 * PAGE_BYTES,
        grownPages: 2,
        requests: 10,
        hits: 4,
        outbound: 6,
      },
      {
        generation: 1,
        timeMs: 2_000,
        allocatedBytes: 3 * PAGE_BYTES,
        grownPages: 0,
        requests: 1,
        hits: 1,
        outbound: 0,
      },
    ]);
  });

  it("is due after the sample interval, and at once if the clock was set back", () => {
    const made = started();
    expect([made.isDue(999), made.isDue(1_000), made.isDue(-1)]).toEqual([false, true, true]);
  });

  it("is due at once in an object that starts long after the last sample before its eviction", () => {
    const kept = keptState();
    kept.samples.push({
      generation: 1,
      timeMs: 5_000,
      allocatedBytes: 0,
      grownPages: 0,
      outbound: 0,
      requests: 0,
      hits: 0,
    });
    const made = controller("never", {}, kept);
    made.started(20_000, PAGE_BYTES);
    expect(made.isDue(20_000)).toBe(true);
    expect(made.isDue(5_500)).toBe(false);
  });

  it("asks the policy after every sample, and reports its verdict and that of the paper's rule", () => {
    const made = started("threshold", { thresholdBytes: 2 * PAGE_BYTES });
    const counts = { requests: 7, hits: 5, outbound: 2 };
    expect(made.sample(1_000, { allocatedBytes: PAGE_BYTES, counts })).toEqual({
      restart: false,
      reason: "below_threshold",
    });
    expect(made.sample(2_000, { allocatedBytes: 2 * PAGE_BYTES, counts })).toEqual({
      restart: true,
      reason: "threshold",
    });
    expect(made.verdict).toEqual({ restart: true, reason: "threshold" });
    expect(made.ratioVerdict).toEqual({ restart: false, reason: "collecting" });
    made.restarted(2_000, "threshold", 2 * PAGE_BYTES, PAGE_BYTES);
    expect([made.verdict, made.ratioVerdict]).toEqual([undefined, undefined]);
  });

  it("earns credit by outbound calls, and pays for restarts with it", () => {
    const made = started("never", { extraCallsShare: 0.1 });
    for (let n = 1; n <= 60; n += 1) {
      const counts = { requests: 7 + 100 * n, hits: 5 + 50 * n, outbound: 2 + 50 * n };
      made.sample(n * 1_000, { allocatedBytes: PAGE_BYTES, counts });
    }
    const earned = made.creditCalls;
    expect(earned).toBeCloseTo(300);
    // Half of the requests are hits, no entry is older than a tenth of the TTL, and six in ten hits are lost.
    const priceCalls = made.priceCalls(60_000);
    expect(priceCalls).toBeGreaterThan(0.6 * 0.9 * 1_500);
    made.restarted(60_000, "operator", PAGE_BYTES, PAGE_BYTES);
    expect(made.creditCalls).toBeCloseTo(earned - priceCalls);
    expect(made.learned.restarts.at(-1)).toMatchObject({ reason: "operator", priceCalls });
  });

  it("raises the price of a restart if calls are slow, and knows none if the filter hands its entries over", () => {
    const slow = started();
    slow.sample(1_000, {
      allocatedBytes: PAGE_BYTES,
      counts: { requests: 107, hits: 55, outbound: 52 },
      calls: { meanMs: 30, concurrency: 6 },
    });
    const fast = started();
    fast.sample(1_000, { allocatedBytes: PAGE_BYTES, counts: { requests: 107, hits: 55, outbound: 52 } });
    expect(slow.priceCalls(1_000)).toBeCloseTo(2 * fast.priceCalls(1_000));
    const handing = new RestartController(keptState(), {
      policy: "never",
      settings: DEFAULT_SETTINGS,
      handover: true,
      random: () => 0,
    });
    handing.started(0, PAGE_BYTES);
    handing.sample(1_000, { allocatedBytes: PAGE_BYTES, counts: { requests: 107, hits: 55, outbound: 52 } });
    expect(handing.priceCalls(1_000)).toBe(0);
  });

  it("replaces the expected price of a restart by what it really cost, one TTL later", () => {
    const made = started("never", { extraCallsShare: 0.1, ttlDefaultMs: 60_000, ttlCapMs: 60_000 });
    const counts = { requests: 7, hits: 5, outbound: 2 };
    const ask = (atMs: number, from: number, to: number): void => {
      for (let client = from; client < to; client += 1) made.called(client * 1_000_003, atMs, "allowed");
      counts.requests += 2 * (to - from);
      counts.outbound += to - from;
      counts.hits += to - from;
      made.sample(atMs, { allocatedBytes: PAGE_BYTES, counts });
    };
    ask(10_000, 0, 100);
    const before = made.creditCalls;
    const priceCalls = made.priceCalls(10_000);
    made.restarted(10_000, "required_fell", PAGE_BYTES, PAGE_BYTES);
    expect(made.creditCalls).toBeCloseTo(before - priceCalls);
    // Ten of the lost questions are asked again, and ten new ones.
    ask(20_000, 90, 110);
    ask(71_000, 200, 201);
    expect(made.creditCalls).toBeGreaterThan(before - 10.1 + 0.1 * 10);
    expect(made.creditCalls).toBeLessThan(before - 9 + 0.1 * 13);
  });

  it("pays for the work of a restart with time", () => {
    const made = started("never", { workShare: 0.001 });
    const counts = { requests: 7, hits: 5, outbound: 2 };
    made.sample(100_000, { allocatedBytes: PAGE_BYTES, counts });
    expect(made.learned.workCreditMs).toBeCloseTo(100);
    made.restarted(100_000, "operator", PAGE_BYTES, PAGE_BYTES);
    expect(made.learned.workCreditMs).toBeCloseTo(75);
  });

  it("keeps its state after an eviction, and counts the time not recorded", () => {
    const kept = keptState();
    const knowledge = { ...kept.learned.knowledge, observedMs: 500_000, ttlMs: 120_000 };
    const learned = startGeneration({ ...kept.learned, knowledge }, { nowMs: 0, allocatedBytes: PAGE_BYTES });
    const made = controller("never", {}, { ...kept, learned });
    made.started(90_000, PAGE_BYTES);
    expect(made.estimate(90_000)).toMatchObject({ generation: 2, observedMs: 560_000, ttlMs: 120_000 });
  });

  it("logs a restart, and counts the growth of the fresh instance from its start size", () => {
    const made = started();
    const counts = { requests: 7, hits: 5, outbound: 2 };
    made.sample(1_000, { allocatedBytes: 9 * PAGE_BYTES, counts });
    made.restarted(1_500, "required_fell", 9 * PAGE_BYTES, 2 * PAGE_BYTES);
    made.sample(2_500, { allocatedBytes: 3 * PAGE_BYTES, counts });
    expect(made.learned).toMatchObject({
      restartCount: 1,
      restarts: [
        {
          timeMs: 1_500,
          reason: "required_fell",
          allocatedBeforeBytes: 9 * PAGE_BYTES,
          allocatedAfterBytes: 2 * PAGE_BYTES,
        },
      ],
    });
    expect(made.samples.at(1)).toMatchObject({ generation: 2, grownPages: 1 });
  });
});
