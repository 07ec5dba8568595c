import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { LearnedState } from "../restart/learned.ts";
import { DEFAULT_SETTINGS } from "../testing/settings.ts";
import type { Estimate } from "./estimate.ts";
import { Estimator } from "./estimator.ts";
import { NOTHING_KNOWN } from "./estimator-state.ts";
import type { CacheGuestOptions } from "./testing/cache-guest.ts";
import { type Moment, runService, type ServiceRun } from "./testing/run.ts";

const MINUTE_MS = 60_000;
const TTL_MS = 5 * MINUTE_MS;
const SEEDS = [1, 2, 3];

/** One run for each seed of a guest that is never restarted. Its entries live for five minutes by default. */
function lives(guest: Partial<CacheGuestOptions>, run: Partial<ServiceRun> = {}): Moment[][] {
  const ttlMs = guest.ttlMs ?? TTL_MS;
  return SEEDS.map((seed) => {
    const options = { seed, ttlMs, requestsPerSecond: () => 10, ...guest };
    return runService({ guest: options, policy: "never", durationMs: 4 * ttlMs, ...run }).moments;
  });
}

function at(moments: readonly Moment[], ageMs: number): Moment {
  return moments.findLast((moment) => moment.ageMs <= ageMs)!;
}

/** Relative error of the TTL. */
function ttlError({ ttlMs }: Estimate, truthMs = TTL_MS): number {
  return Math.abs(ttlMs / truthMs - 1);
}

/** Moments with a TTL labelled `measured` that is off by more than a quarter. */
function wronglyMeasured(moments: readonly Moment[], truthMs = TTL_MS): Moment[] {
  return moments.filter(({ estimate }) => estimate.ttlConfidence === "measured" && ttlError(estimate, truthMs) > 0.25);
}

describe("the TTL of a guest that grows page by page", () => {
  it.each([3, 10, 40])("is measured within a tenth at an age of two TTLs, at %i requests a second", (perSecond) => {
    for (const moments of lives({ requestsPerSecond: () => perSecond })) {
      const { estimate } = at(moments, 2 * TTL_MS);
      expect(estimate.ttlConfidence).toBe("measured");
      expect(ttlError(estimate)).toBeLessThan(0.1);
      expect(wronglyMeasured(moments)).toEqual([]);
    }
  });

  it.each([2, 20])("is measured within a tenth if it is %i minutes and the cap is an hour", (minutes) => {
    const ttlMs = minutes * MINUTE_MS;
    for (const moments of lives({ ttlMs }, { settings: { ttlCapMs: 60 * MINUTE_MS } })) {
      const { estimate } = at(moments, 2 * ttlMs);
      expect(estimate.ttlConfidence).toBe("measured");
      expect(ttlError(estimate, ttlMs)).toBeLessThan(0.1);
      expect(wronglyMeasured(moments, ttlMs)).toEqual([]);
    }
  });

  it("is only bounded before an age of one TTL, since no entry has expired", () => {
    for (const moments of lives({})) {
      const young = moments.filter(({ ageMs }) => ageMs < TTL_MS);
      expect(young.filter(({ estimate }) => estimate.ttlConfidence === "measured")).toEqual([]);
      expect(at(moments, 0.9 * TTL_MS).estimate.ttlConfidence).toBe("bounded");
    }
  });

  it("is found if it is one minute and samples are frequent, and is never measured wrong otherwise", () => {
    const guest = { ttlMs: MINUTE_MS, requestsPerSecond: () => 20 };
    const fine = lives({ ...guest, sampleIntervalMs: 2_000 }, { settings: { sampleIntervalMs: 2_000 } });
    for (const moments of fine) expect(ttlError(at(moments, 2 * MINUTE_MS).estimate, MINUTE_MS)).toBeLessThan(0.1);
    for (const moments of lives(guest, { durationMs: 60 * MINUTE_MS })) {
      expect(wronglyMeasured(moments, MINUTE_MS)).toEqual([]);
      expect(at(moments, 60 * MINUTE_MS).estimate.ttlMs).toBeGreaterThan(0.75 * MINUTE_MS);
    }
  });

  it("is never measured if it is above the cap", () => {
    for (const minutes of [12, 20, 60]) {
      for (const moments of lives({ ttlMs: minutes * MINUTE_MS })) {
        expect(moments.filter(({ estimate }) => estimate.ttlConfidence === "measured")).toEqual([]);
      }
    }
  });
});

describe("the required bytes", () => {
  it("follow the truth within an eighth when the load rises and falls", () => {
    const requestsPerSecond = (ageMs: number) => (ageMs < 20 * MINUTE_MS ? 30 : 5);
    for (const moments of lives({ requestsPerSecond }, { durationMs: 40 * MINUTE_MS })) {
      for (const { ageMs, estimate, requiredBytes } of moments) {
        if (ageMs < 2 * TTL_MS) continue;
        expect(Math.abs(estimate.requiredBytes / requiredBytes - 1)).toBeLessThan(0.125);
      }
      const { estimate } = moments.at(-1)!;
      expect(estimate.allocatedBytes).toBeGreaterThan(3 * estimate.requiredBytes);
      // Random peaks make a fresh instance hold a page or two more than the mean.
      expect(estimate.baselineBytes).toBeGreaterThanOrEqual(estimate.requiredBytes);
      expect(estimate.baselineBytes).toBeLessThan(1.3 * estimate.requiredBytes);
    }
  });

  it("come with bytes per entry, fixed bytes and the growth rule", () => {
    for (const moments of lives({})) {
      const { bytesPerEntry, fixedBytes, growthRule } = moments.at(-1)!.estimate;
      expect(Math.abs(bytesPerEntry! / 2_225 - 1)).toBeLessThan(0.05);
      expect(Math.abs(fixedBytes! - 100_000)).toBeLessThan(PAGE_BYTES);
      expect(growthRule).toEqual({ kind: "pages" });
    }
  });

  it("equal the allocated bytes, and all else is unknown, with fewer than three growth events", () => {
    for (const moments of lives({ requestsPerSecond: () => 0.1 }, { durationMs: 120 * MINUTE_MS })) {
      for (const { estimate } of moments) {
        expect(estimate).toMatchObject({ ttlConfidence: "default", bytesPerEntry: undefined });
        expect(estimate.requiredBytes).toBe(estimate.allocatedBytes);
        expect(estimate.baselineBytes).toBe(estimate.allocatedBytes);
      }
    }
  });
});

describe("a guest that grows in larger steps", () => {
  it.each<[string, Partial<CacheGuestOptions>]>([
    ["arenas of 4 MiB", { growBy: () => 64, requestsPerSecond: () => 30 }],
    ["a fifth more", { growBy: (pages) => pages * 0.2, requestsPerSecond: () => 20 }],
    ["doubling", { growBy: (pages) => pages, requestsPerSecond: () => 20 }],
    [
      "doubling on a steep rise",
      { growBy: (pages) => pages, requestsPerSecond: (ageMs) => 2 + (4 * ageMs) / MINUTE_MS },
    ],
  ])("by %s is never measured wrong once it has filled, and its required bytes are not underestimated", (_, guest) => {
    for (const moments of lives(guest, { durationMs: 8 * TTL_MS })) {
      const filled = moments.filter(({ ageMs }) => ageMs >= TTL_MS);
      expect(wronglyMeasured(filled)).toEqual([]);
      // Before that, a few events may lie on a line by chance, for one sample.
      expect(wronglyMeasured(moments).length).toBeLessThanOrEqual(1);
      for (const { ageMs, estimate, requiredBytes } of filled) {
        if (ageMs >= 2 * TTL_MS) expect(estimate.requiredBytes).toBeGreaterThan(0.85 * requiredBytes);
      }
    }
  });

  it("has its growth rule recognized, and its baseline rounded up by the rule", () => {
    const requestsPerSecond = () => 30;
    for (const moments of lives({ growBy: () => 64, requestsPerSecond })) {
      const { growthRule, baselineBytes, startBytes } = moments.at(-1)!.estimate;
      expect(growthRule).toEqual({ kind: "arenas", stepBytes: 64 * PAGE_BYTES });
      expect((baselineBytes - startBytes) % (64 * PAGE_BYTES)).toBe(0);
    }
    for (const moments of lives({ growBy: (pages) => pages, requestsPerSecond })) {
      expect(moments.at(-1)!.estimate.growthRule).toEqual({ kind: "proportional", share: 1 });
    }
  });
});

describe("a guest whose memory does not follow its live entries", () => {
  it("is estimated within a tenth with power-of-two size classes", () => {
    for (const moments of lives({ sizeClasses: [512, 1_024, 2_048, 4_096] })) {
      expect(wronglyMeasured(moments)).toEqual([]);
      const { estimate, requiredBytes } = at(moments, 2 * TTL_MS);
      expect(Math.abs(estimate.requiredBytes / requiredBytes - 1)).toBeLessThan(0.1);
    }
  });

  it("is estimated to need more, not less, if its collector frees late", () => {
    for (const moments of lives({ frees: { everyMs: 2 * MINUTE_MS } }, { durationMs: 8 * TTL_MS })) {
      // At first, garbage may look like a longer TTL.
      expect(wronglyMeasured(moments).length).toBeLessThanOrEqual(1);
      for (const { ageMs, estimate, requiredBytes } of moments) {
        if (ageMs >= 2 * TTL_MS) expect(estimate.requiredBytes).toBeGreaterThan(0.95 * requiredBytes);
      }
    }
  });

  it("grows without end, with required bytes bounded, if it frees only entries requested again", () => {
    const guest = { frees: "when-touched" as const, clients: 50_000 };
    for (const moments of lives(guest, { durationMs: 8 * TTL_MS })) {
      const { estimate, requiredBytes } = moments.at(-1)!;
      expect(estimate.growsWithoutEnd).toBe(true);
      expect(estimate.allocatedBytes).toBeGreaterThan(4 * requiredBytes);
      // Without repeats, the estimate counts the entries of one cap instead of one TTL: twice the truth.
      expect(estimate.requiredBytes).toBeLessThan(2.2 * requiredBytes);
      expect(estimate.requiredBytes).toBeGreaterThan(0.9 * requiredBytes);
    }
  });

  it("grows without end if it leaks", () => {
    for (const moments of lives({ leakBytes: 2_225 }, { durationMs: 8 * TTL_MS })) {
      expect(moments.at(-1)!.estimate.growsWithoutEnd).toBe(true);
      expect(wronglyMeasured(moments)).toEqual([]);
    }
  });

  it("has no TTL that is too short if hits prolong its entries", () => {
    for (const moments of lives({ sliding: true, clients: 3_000 })) {
      for (const { estimate } of moments) expect(estimate.ttlMs).toBeGreaterThan(0.9 * TTL_MS);
    }
  });

  it("is estimated as well as others if it used a large buffer once", () => {
    const transient = { atMs: 400_000, bytes: 2_000_000 };
    for (const moments of lives({ transient }, { durationMs: 8 * TTL_MS })) {
      const { estimate, requiredBytes } = moments.at(-1)!;
      expect(ttlError(estimate)).toBeLessThan(0.1);
      expect(Math.abs(estimate.requiredBytes / requiredBytes - 1)).toBeLessThan(0.1);
      expect(estimate.baselineBytes).toBeLessThan(estimate.allocatedBytes - 1_000_000);
    }
  });

  it("does not grow without end under constant load", () => {
    for (const moments of lives({}, { durationMs: 240 * MINUTE_MS })) {
      expect(moments.filter(({ estimate }) => estimate.growsWithoutEnd)).toEqual([]);
    }
  });
});

describe("the estimator's stored state", () => {
  it("serves the next generation from its start", () => {
    const guest = { seed: 1, ttlMs: TTL_MS, requestsPerSecond: () => 10 };
    const { learned } = runService({ guest, policy: "never", durationMs: 3 * TTL_MS });
    const later = { ...guest, startMs: 1_800_000_000_000, requestsPerSecond: () => 5 };
    const { moments } = runService({ guest: later, policy: "never", durationMs: MINUTE_MS, learned });
    for (const { estimate } of moments) {
      expect(estimate.ttlConfidence).toBe("measured");
      expect(ttlError(estimate)).toBeLessThan(0.1);
      expect(Math.abs(estimate.bytesPerEntry! / 2_225 - 1)).toBeLessThan(0.2);
    }
  });

  it("improves the bytes per entry over objects that live for three minutes, each with a new fit", () => {
    for (const seed of SEEDS) {
      let learned: LearnedState | undefined;
      const known: (number | undefined)[] = [];
      // Nights with six growth events in each life, and a day in between.
      for (const perSecond of [1, 1, 1, 20, 1]) {
        const guest = { seed: seed + known.length, ttlMs: TTL_MS, requestsPerSecond: () => perSecond };
        const run: ServiceRun = { guest, policy: "never", durationMs: 3 * MINUTE_MS };
        ({ learned } = runService(learned ? { ...run, learned } : run));
        known.push(learned.knowledge.bytesPerEntry);
      }
      const off = known.map((bytes) => Math.abs(bytes! / 2_225 - 1));
      expect(off.every((share) => share < 0.25)).toBe(true);
      // A fit of many events is kept when only a few follow.
      expect(off[3]).toBeLessThan(0.05);
      expect(known[4]).toBe(known[3]);
    }
  });

  it("counts the calls of an earlier instance whose entries were restored", () => {
    const known = { ...NOTHING_KNOWN, ttlMs: TTL_MS, bytesPerEntry: 1_000, fixedBytes: PAGE_BYTES };
    const evening = Array.from({ length: 60 }, (_, n) => ({
      generation: 7,
      timeMs: (n + 1) * 10_000,
      allocatedBytes: 70 * PAGE_BYTES,
      grownPages: 0,
      outbound: 100,
      requests: 200,
      hits: 100,
    }));
    const endMs = 600_000;
    const requiredAfter = (awayMs: number): number => {
      const estimator = new Estimator(DEFAULT_SETTINGS, known);
      estimator.recall(evening, 2 * PAGE_BYTES);
      estimator.started(8, endMs + awayMs, 50 * PAGE_BYTES, true);
      const first = {
        ...evening[0]!,
        generation: 8,
        timeMs: endMs + awayMs + 1_000,
        allocatedBytes: 50 * PAGE_BYTES,
        outbound: 0,
      };
      estimator.push(first);
      expect(estimator.knowledge.observedMs).toBe(1_000);
      return estimator.estimate(first.timeMs).requiredBytes;
    };
    // After one minute, the entries of the last four of five minutes are still live.
    expect(Math.abs(requiredAfter(59_000) / (PAGE_BYTES + 2_400_000) - 1)).toBeLessThan(0.02);
    expect(requiredAfter(8 * 60 * MINUTE_MS)).toBe(PAGE_BYTES);
  });

  it("has its TTL limited to the present cap", () => {
    const estimator = new Estimator(DEFAULT_SETTINGS, { ...NOTHING_KNOWN, ttlMs: 9e9 });
    expect(estimator.estimate(0).ttlMs).toBe(DEFAULT_SETTINGS.ttlCapMs);
  });
});
