import { describe, expect, it } from "vitest";
import type { Sample } from "../../metrics/samples.ts";
import { DEFAULT_SETTINGS } from "../../testing/settings.ts";
import { everyTenSeconds, generation, samplesOf } from "../testing/build.ts";
import { CacheGuest, type CacheGuestOptions } from "../testing/cache-guest.ts";
import { ratioTtl } from "./ratio-ttl.ts";

const MINUTE_MS = 60_000;
const BY_DEFAULT = { ttlMs: 600_000, source: "default" };

/** The TTL found in one generation of a simulated guest after 20 minutes. */
function ttlOfGuest(options: CacheGuestOptions) {
  const guest = new CacheGuest(options);
  guest.runUntil(20 * MINUTE_MS);
  return ratioTtl(guest.samples, { number: 1, startedMs: guest.startedMs }, DEFAULT_SETTINGS);
}

function ttlOfSamples(rows: readonly Partial<Sample>[], settings = {}) {
  return ratioTtl(samplesOf(rows), generation(), { ...DEFAULT_SETTINGS, ...settings });
}

/** `minutes` of samples every ten seconds, each with these calls and pages. */
function minutesOf(minutes: number, row: Partial<Sample>): Partial<Sample>[] {
  return Array.from({ length: minutes * 6 }, () => row);
}

describe("the TTL from the falling ratio", () => {
  it.each([2, 3, 5, 7.5])(
    "lies within a fifth of %s minutes in most generations under a busy constant load",
    (minutes) => {
      const ttlMs = minutes * MINUTE_MS;
      const found = Array.from({ length: 12 }, (_, seed) => ttlOfGuest({ seed, ttlMs, requestsPerSecond: () => 15 }));
      const near = found.filter((ttl) => ttl.source === "measured" && Math.abs(ttl.ttlMs / ttlMs - 1) <= 0.2);
      expect(near.length).toBeGreaterThanOrEqual(10);
    },
  );

  it("is found when load falls while the cache still fills, since the ratio is per call", () => {
    const found = Array.from({ length: 12 }, (_, seed) =>
      ttlOfGuest({ seed, ttlMs: 5 * MINUTE_MS, requestsPerSecond: (ageMs) => (ageMs < 2 * MINUTE_MS ? 30 : 8) }),
    );
    expect(found.filter(({ ttlMs }) => Math.abs(ttlMs / (5 * MINUTE_MS) - 1) <= 0.2).length).toBeGreaterThanOrEqual(10);
  });

  it("is the start of the first bin with less than half of the previous growth per call", () => {
    const filling = minutesOf(4, { outbound: 10, grownPages: 1 });
    const full = minutesOf(2, { outbound: 10 });
    expect(ttlOfSamples(everyTenSeconds([...filling, ...full]))).toEqual({ ttlMs: 4 * MINUTE_MS, source: "measured" });
  });

  it("needs a fall to less than half of the growth", () => {
    const filling = minutesOf(4, { outbound: 10, grownPages: 2 });
    const half = minutesOf(1, { outbound: 10, grownPages: 1 });
    expect(ttlOfSamples(everyTenSeconds([...filling, ...half]))).toEqual(BY_DEFAULT);
    const less = [...half.slice(1), { outbound: 10 }];
    expect(ttlOfSamples(everyTenSeconds([...filling, ...less])).ttlMs).toBe(4 * MINUTE_MS);
  });

  it("is not a pause between two large growth steps", () => {
    const lumps = Array.from({ length: 20 }, () => [
      ...minutesOf(1, { outbound: 10 }),
      { outbound: 10, grownPages: 64 },
    ]);
    expect(ttlOfSamples(everyTenSeconds(lumps.flat()))).toEqual(BY_DEFAULT);
  });

  it("joins minutes without outbound calls to the next minute with calls", () => {
    const filling = minutesOf(3, { outbound: 10, grownPages: 1 });
    const quiet = minutesOf(2, {});
    const rows = [...filling, ...quiet, ...minutesOf(1, { outbound: 10, grownPages: 1 }), ...quiet];
    expect(ttlOfSamples(everyTenSeconds(rows))).toEqual(BY_DEFAULT);
    // Growth ended with the sixth minute, but the next calls come only in the ninth.
    const { ttlMs } = ttlOfSamples(everyTenSeconds([...rows, ...minutesOf(2, { outbound: 10 })]));
    expect(ttlMs).toBeGreaterThanOrEqual(6 * MINUTE_MS);
    expect(ttlMs).toBeLessThan(8 * MINUTE_MS);
  });

  it("is found from samples at irregular intervals", () => {
    let timeMs = 0;
    const rows = Array.from({ length: 60 }, (_, index) => {
      const seconds = [5, 25, 10, 40, 15][index % 5]!;
      timeMs += seconds * 1_000;
      return { timeMs, outbound: 10 * seconds, grownPages: timeMs <= 5 * MINUTE_MS ? seconds / 5 : 0 };
    });
    const found = ttlOfSamples(rows);
    expect(found.source).toBe("measured");
    expect(Math.abs(found.ttlMs - 5 * MINUTE_MS)).toBeLessThanOrEqual(MINUTE_MS / 2);
  });
});

describe("the default TTL", () => {
  it("holds at low traffic, when memory grows fewer than three times", () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const requestsPerSecond = () => 0.1;
      expect(ttlOfGuest({ seed, ttlMs: 5 * MINUTE_MS, requestsPerSecond })).toEqual(BY_DEFAULT);
    }
  });

  it("holds before the first sample", () => {
    expect(ttlOfSamples([])).toEqual(BY_DEFAULT);
  });

  it("holds when memory never grew, for any number of calls", () => {
    expect(ttlOfSamples(everyTenSeconds(minutesOf(20, { outbound: 1_000 })))).toEqual(BY_DEFAULT);
  });

  it("holds when memory grows without outbound calls", () => {
    expect(ttlOfSamples(everyTenSeconds(minutesOf(20, { grownPages: 3 })))).toEqual(BY_DEFAULT);
  });

  it("holds when the ratio falls only after the cap", () => {
    const rows = [...minutesOf(13, { outbound: 10, grownPages: 1 }), ...minutesOf(5, { outbound: 10 })];
    expect(ttlOfSamples(everyTenSeconds(rows))).toEqual(BY_DEFAULT);
  });

  it("is no longer than the cap", () => {
    expect(ttlOfSamples([], { ttlCapMs: 100_000 })).toEqual({ ttlMs: 100_000, source: "default" });
  });

  it("holds when the ring buffer has lost the start of the generation", () => {
    const rows = everyTenSeconds([...minutesOf(4, { outbound: 10, grownPages: 1 }), ...minutesOf(4, { outbound: 10 })]);
    expect(ratioTtl(samplesOf(rows, 47), generation(), DEFAULT_SETTINGS)).toEqual(BY_DEFAULT);
    expect(ratioTtl(samplesOf(rows, 48), generation(), DEFAULT_SETTINGS).source).toBe("measured");
  });

  it("holds when only the previous generation grew", () => {
    const earlier = minutesOf(4, { outbound: 10, grownPages: 1 });
    const later = minutesOf(4, { outbound: 10, generation: 2 });
    const samples = samplesOf(everyTenSeconds([...earlier, ...later]));
    expect(ratioTtl(samples, { number: 2, startedMs: 4 * MINUTE_MS }, DEFAULT_SETTINGS)).toEqual(BY_DEFAULT);
  });
});
