import { describe, expect, it } from "vitest";
import type { Sample } from "../../metrics/samples.ts";
import { DEFAULT_SETTINGS } from "../../testing/settings.ts";
import { everyTenSeconds, generation, samplesOf } from "../testing/build.ts";
import { CacheGuest } from "../testing/cache-guest.ts";
import { countsTtl } from "./counts-ttl.ts";

const MINUTE_MS = 60_000;
const BY_DEFAULT = { ttlMs: 600_000, source: "default" };

function ttlOf(rows: readonly Partial<Sample>[], settings = {}, capacity?: number) {
  return countsTtl(samplesOf(everyTenSeconds(rows), capacity), generation(), { ...DEFAULT_SETTINGS, ...settings });
}

/** `minutes` of samples every ten seconds, each with these calls and pages. */
function minutesOf(minutes: number, row: Partial<Sample>): Partial<Sample>[] {
  return Array.from({ length: minutes * 6 }, () => row);
}

describe("the TTL from fewer pages than calls", () => {
  it("is the time until memory grows by fewer pages than calls, if each entry fills a page", () => {
    const rows = [...minutesOf(4, { outbound: 2, grownPages: 2 }), ...minutesOf(2, { outbound: 2 })];
    expect(ttlOf(rows)).toEqual({ ttlMs: 4 * MINUTE_MS, source: "measured" });
  });

  it("is one bin if an entry is smaller than a page, whatever the filter's TTL is", () => {
    for (const minutes of [2, 5, 8]) {
      const guest = new CacheGuest({ seed: minutes, ttlMs: minutes * MINUTE_MS, requestsPerSecond: () => 15 });
      guest.runUntil(20 * MINUTE_MS);
      const found = countsTtl(guest.samples, { number: 1, startedMs: guest.startedMs }, DEFAULT_SETTINGS);
      expect(found).toEqual({ ttlMs: DEFAULT_SETTINGS.binMs, source: "measured" });
    }
  });

  it("compares counts of whole bins, not of samples", () => {
    const uneven = Array.from({ length: 12 }, (_, index) => ({ outbound: 1, grownPages: index % 2 === 0 ? 2 : 0 }));
    expect(ttlOf([...uneven, ...minutesOf(1, { outbound: 1 })]).ttlMs).toBe(2 * MINUTE_MS);
  });

  it("needs calls: a pause is no fall", () => {
    const filling = minutesOf(2, { outbound: 1, grownPages: 1 });
    expect(ttlOf([...filling, ...minutesOf(3, {}), ...minutesOf(1, { outbound: 1 })]).ttlMs).toBe(5 * MINUTE_MS);
  });

  it("is the default if there is no such bin within the cap", () => {
    expect(ttlOf([])).toEqual(BY_DEFAULT);
    const filling = minutesOf(12, { outbound: 1, grownPages: 1 });
    expect(ttlOf([...filling, ...minutesOf(3, { outbound: 1 })])).toEqual(BY_DEFAULT);
    expect(ttlOf([], { ttlCapMs: 100_000 })).toEqual({ ttlMs: 100_000, source: "default" });
  });

  it("is no longer than the cap", () => {
    const rows = minutesOf(1, { outbound: 1 });
    expect(ttlOf(rows, { ttlCapMs: 30_000 })).toEqual({ ttlMs: 30_000, source: "measured" });
  });

  it("is the default if the ring buffer has lost the start of the generation", () => {
    const rows = minutesOf(2, { outbound: 1 });
    expect(ttlOf(rows, {}, 11)).toEqual(BY_DEFAULT);
    expect(ttlOf(rows, {}, 12).source).toBe("measured");
  });

  it("does not count the previous generation", () => {
    const rows = [...minutesOf(2, { outbound: 1 }), ...minutesOf(2, { outbound: 1, grownPages: 1, generation: 2 })];
    const samples = samplesOf(everyTenSeconds(rows));
    expect(countsTtl(samples, { number: 2, startedMs: 2 * MINUTE_MS }, DEFAULT_SETTINGS)).toEqual(BY_DEFAULT);
  });
});
