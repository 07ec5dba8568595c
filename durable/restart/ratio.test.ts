import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PaperEstimate, paperEstimate } from "../estimate/paper/paper-estimate.ts";
import { anyHistory, anySamples } from "../estimate/testing/hostile.ts";
import { restartsOf, runService } from "../estimate/testing/run.ts";
import { DEFAULT_SETTINGS } from "../testing/settings.ts";
import { ratioPolicy } from "./ratio.ts";
import { paperOf, situationOf } from "./testing/situation.ts";

const MINUTE_MS = 60_000;
const ratio = ratioPolicy(DEFAULT_SETTINGS);

/** An estimate in the phase `judging`, by default with 100 allocated bytes. */
function judged(atMs: number, requiredBytes: number, change: Partial<PaperEstimate> = {}): PaperEstimate {
  const surplusBytes = (change.allocatedBytes ?? 100) - requiredBytes;
  return paperOf({ atMs, uptimeMs: atMs, requiredBytes, surplusBytes, outboundInTtl: requiredBytes, ...change });
}

function verdictOn(paper: PaperEstimate, previous: readonly PaperEstimate[]) {
  return ratio(situationOf({ nowMs: paper.atMs, paper, previous }));
}

describe("the policy ratio", () => {
  it("restarts when required falls and surplus rises from one bin to the next, at or above the baseline", () => {
    expect(verdictOn(judged(120_000, 80), [judged(50_000, 90)])).toEqual({ restart: true, reason: "required_fell" });
  });

  it("compares the means of two bins, not two moments", () => {
    const before = [judged(10_000, 90), judged(50_000, 70)];
    const now = [judged(70_000, 88), judged(110_000, 80)];
    expect(verdictOn(judged(120_000, 75), [...before, ...now]).reason).toBe("required_not_falling");
    expect(verdictOn(judged(120_000, 60), [...before, ...now]).restart).toBe(true);
  });

  it("keeps an instance while collecting", () => {
    const collecting = judged(120_000, 10, { phase: "collecting", collectedMs: 120_000 });
    expect(verdictOn(collecting, [judged(50_000, 90)])).toEqual({ restart: false, reason: "collecting" });
  });

  it("keeps an instance below the baseline", () => {
    const small = judged(120_000, 80, { baselineBytes: 101 });
    expect(verdictOn(small, [judged(50_000, 90)]).reason).toBe("below_baseline");
  });

  it("keeps an instance whose required bytes stay the same or rise", () => {
    expect(verdictOn(judged(120_000, 90), [judged(50_000, 90)]).reason).toBe("required_not_falling");
    expect(verdictOn(judged(120_000, 95), [judged(50_000, 90)]).reason).toBe("required_not_falling");
  });

  it("keeps an instance whose surplus does not rise", () => {
    const surplus = (atMs: number, bytes: number, required: number) => judged(atMs, required, { surplusBytes: bytes });
    expect(verdictOn(surplus(120_000, 10, 80), [surplus(50_000, 10, 90)]).reason).toBe("surplus_not_rising");
  });

  it("keeps an instance without an earlier bin of this generation with the same TTL", () => {
    expect(verdictOn(judged(120_000, 80), []).reason).toBe("trend_unknown");
    expect(verdictOn(judged(120_000, 80), [judged(90_000, 90)]).reason).toBe("trend_unknown");
    expect(verdictOn(judged(120_000, 80), [judged(50_000, 90, { generation: 0 })]).reason).toBe("trend_unknown");
    expect(verdictOn(judged(120_000, 80), [judged(50_000, 90, { ttlMs: 600_000 })]).reason).toBe("trend_unknown");
  });
});

describe("a service with the policy ratio", () => {
  it("restarts when the load falls after a peak, and then holds less memory", () => {
    const load = (ageMs: number) => (ageMs < 25 * MINUTE_MS ? 2 + ageMs / MINUTE_MS : 4);
    const guest = { seed: 11, ttlMs: 5 * MINUTE_MS, requestsPerSecond: load };
    const { moments, learned } = runService({ guest, policy: "ratio", durationMs: 40 * MINUTE_MS });
    const first = restartsOf(moments).find(({ ageMs }) => ageMs > 25 * MINUTE_MS)!;
    expect(first.ageMs).toBeLessThan(32 * MINUTE_MS);
    expect(moments.at(-1)!.estimate.allocatedBytes).toBeLessThan(0.7 * first.estimate.allocatedBytes);
    expect(learned.restarts.at(-1)!.reason).toBe("required_fell");
  });

  it("does not restart while the load rises", () => {
    const guest = { seed: 5, ttlMs: 5 * MINUTE_MS, requestsPerSecond: (ageMs: number) => 2 + (2 * ageMs) / MINUTE_MS };
    expect(restartsOf(runService({ guest, policy: "ratio", durationMs: 30 * MINUTE_MS }).moments)).toEqual([]);
  });

  it("goes on restarting after the load fell, unless it remembers the baseline of the earlier load", () => {
    const fallenMs = 100 * MINUTE_MS;
    const guest = { seed: 1, ttlMs: 3 * MINUTE_MS, requestsPerSecond: (ageMs: number) => (ageMs < fallenMs ? 20 : 4) };
    const lateOf = (baseline: "generation" | "remembered") => {
      const { moments } = runService({ guest, policy: "ratio", durationMs: 240 * MINUTE_MS, settings: { baseline } });
      return moments.filter(({ ageMs }) => ageMs > fallenMs + 50 * MINUTE_MS);
    };
    expect(restartsOf(lateOf("generation")).length).toBeGreaterThanOrEqual(3);
    expect(new Set(lateOf("remembered").map(({ verdict }) => verdict.reason))).toEqual(new Set(["below_baseline"]));
  });

  it("never restarts under constant load before the collection has ended", () => {
    for (let seed = 0; seed < 5; seed += 1) {
      const guest = { seed, ttlMs: 2 * MINUTE_MS, requestsPerSecond: () => 10 };
      const { moments } = runService({ guest, policy: "ratio", durationMs: 60 * MINUTE_MS });
      for (const { paper } of restartsOf(moments)) expect(paper.uptimeMs).toBeGreaterThanOrEqual(900_000);
      expect(moments.slice(0, 89).every(({ ratioVerdict }) => ratioVerdict.reason === "collecting")).toBe(true);
    }
  });

  it("continues to collect after an eviction", () => {
    const guest = { seed: 3, ttlMs: 5 * MINUTE_MS, requestsPerSecond: () => 10 };
    const { learned } = runService({ guest, policy: "ratio", durationMs: 10 * MINUTE_MS });
    const later = { ...guest, startMs: 1_800_000_000_000 };
    const back = runService({ guest: later, policy: "ratio", durationMs: 6 * MINUTE_MS, learned });
    const collecting = back.moments.filter(({ paper: { phase } }) => phase === "collecting");
    expect(collecting.at(-1)!.ageMs).toBe(4 * MINUTE_MS - 10_000);
    expect(back.moments.at(-1)!.paper.phase).toBe("judging");
  });

  it("does not restart before the collection has ended, for any samples", () => {
    const times = fc.tuple(fc.nat(10_000_000), fc.nat(120_000), fc.nat(120_000));
    fc.assert(
      fc.property(anySamples, anyHistory, times, (samples, given, [startMs, firstMs, secondMs]) => {
        const at = (nowMs: number) => paperEstimate(samples, given, DEFAULT_SETTINGS, nowMs);
        const now = at(startMs + firstMs + secondMs);
        if (verdictOn(now, [at(startMs), at(startMs + firstMs)]).restart) {
          expect(now.collectedMs).toBeGreaterThanOrEqual(DEFAULT_SETTINGS.collectMs);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the policy never", () => {
  it("keeps the instance even if the load stops", () => {
    const requestsPerSecond = (ageMs: number) => (ageMs < 20 * MINUTE_MS ? 20 : 0);
    const guest = { seed: 1, ttlMs: MINUTE_MS, requestsPerSecond };
    const { moments } = runService({ guest, policy: "never", durationMs: 40 * MINUTE_MS });
    expect(new Set(moments.map(({ verdict }) => verdict.reason))).toEqual(new Set(["minimum_lifetime", "never"]));
  });
});
