import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { RepeatTtl } from "./repeats.ts";

const SAMPLE_MS = 10_000;

/**
 * Feeds repeats of clients that come back after `ttlMs` and then an exponential wait: `perSample` of them in each sample.
 * Returns the time at the end.
 */
function feed(
  ttl: RepeatTtl,
  {
    ttlMs,
    fromMs = 0,
    samples,
    perSample,
    waitMs,
  }: Readonly<Record<"ttlMs" | "samples" | "perSample" | "waitMs", number>> & { fromMs?: number },
  requests = 100,
): number {
  const random = seededRandom(samples + ttlMs);
  for (let sample = 0; sample < samples; sample += 1) {
    for (let n = 0; n < perSample; n += 1) ttl.repeated(ttlMs + exponential(random, 1 / waitMs));
    ttl.update(fromMs + (sample + 1) * SAMPLE_MS, requests);
  }
  return fromMs + samples * SAMPLE_MS;
}

const often = { samples: 60, perSample: 5, waitMs: 60_000 };

describe("the TTL by repeats", () => {
  it("is unknown before there are repeats", () => {
    const ttl = new RepeatTtl();
    ttl.update(SAMPLE_MS, 100);
    expect(ttl.ttlMs).toBeUndefined();
  });

  it("is the lower edge of the intervals between equal calls", () => {
    const ttl = new RepeatTtl();
    feed(ttl, { ...often, ttlMs: 300_000 });
    expect(Math.abs(ttl.ttlMs! / 300_000 - 1)).toBeLessThan(0.03);
    expect(ttl.isDoubtful).toBe(false);
  });

  it("is not moved by a few answers that were dropped before their time", () => {
    const ttl = new RepeatTtl();
    for (const afterMs of [3_000, 90_000, 200_000]) ttl.repeated(afterMs);
    feed(ttl, { ...often, ttlMs: 300_000 });
    expect(Math.abs(ttl.ttlMs! / 300_000 - 1)).toBeLessThan(0.03);
  });

  it("is unknown if repeats are rare everywhere", () => {
    const ttl = new RepeatTtl();
    for (let n = 0; n < 30; n += 1) ttl.repeated(300_000 * 1.2 ** n);
    ttl.update(SAMPLE_MS, 100);
    expect(ttl.ttlMs).toBeUndefined();
  });

  it("becomes shorter as soon as a few intervals agree, and is doubtful until they do", () => {
    const ttl = new RepeatTtl();
    const endMs = feed(ttl, { ...often, ttlMs: 600_000 });
    for (const afterMs of [60_500, 79_000, 99_000]) ttl.repeated(afterMs);
    ttl.update(endMs + SAMPLE_MS, 100);
    expect(ttl.isDoubtful).toBe(true);
    expect(ttl.ttlMs).toBeGreaterThan(590_000);
    for (const afterMs of [60_100, 61_000, 62_000]) ttl.repeated(afterMs);
    ttl.update(endMs + 2 * SAMPLE_MS, 100);
    expect(ttl.ttlMs).toBe(60_100);
    expect(ttl.isDoubtful).toBe(false);
  });

  it("is forgotten when the repeats that it predicts fail to come, and then found longer", () => {
    const ttl = new RepeatTtl();
    let nowMs = feed(ttl, { ...often, ttlMs: 60_000 });
    const changedMs = nowMs;
    while (ttl.ttlMs !== undefined && nowMs < changedMs + 3_600_000) {
      nowMs += SAMPLE_MS;
      ttl.update(nowMs, 100);
    }
    expect(ttl.ttlMs).toBeUndefined();
    expect(nowMs - changedMs).toBeLessThan(300_000);
    feed(ttl, { ...often, ttlMs: 600_000, fromMs: nowMs });
    expect(Math.abs(ttl.ttlMs! / 600_000 - 1)).toBeLessThan(0.03);
  });

  it("is kept while there are hardly any requests", () => {
    const ttl = new RepeatTtl();
    let nowMs = feed(ttl, { ...often, ttlMs: 60_000 });
    for (let n = 0; n < 1_000; n += 1) {
      nowMs += SAMPLE_MS;
      ttl.update(nowMs, 1);
    }
    expect(ttl.ttlMs).toBeDefined();
  });

  it("comes with a longer TTL if other entries live longer", () => {
    const ttl = new RepeatTtl();
    const random = seededRandom(5);
    const interval = (ttlMs: number, waitMs: number) => ttlMs + exponential(random, 1 / waitMs);
    for (let sample = 1; sample <= 60; sample += 1) {
      for (let n = 0; n < 4; n += 1) ttl.repeated(interval(60_000, 20_000), interval(60_000, 20_000));
      for (let n = 0; n < 2; n += 1) ttl.repeated(interval(600_000, 60_000), interval(600_000, 60_000));
      ttl.update(sample * SAMPLE_MS, 100);
    }
    expect(ttl.ttlMs).toBeLessThan(62_000);
    expect(Math.abs(ttl.longerTtlMs! / 600_000 - 1)).toBeLessThan(0.05);
  });

  it("is not forgotten because no answer expires for a while after a loss of the cache", () => {
    const ttl = new RepeatTtl();
    const endMs = feed(ttl, { ...often, ttlMs: 300_000 });
    ttl.emptied(endMs);
    for (let sample = 1; sample <= 30; sample += 1) ttl.update(endMs + sample * SAMPLE_MS, 100);
    expect(Math.abs(ttl.ttlMs! / 300_000 - 1)).toBeLessThan(0.03);
  });

  it("is confirmed by each sample with a prompt repeat", () => {
    const ttl = new RepeatTtl();
    const endMs = feed(ttl, { ...often, ttlMs: 60_000 });
    expect(ttl.isConfirmed).toBe(true);
    ttl.update(endMs + SAMPLE_MS, 100);
    expect(ttl.isConfirmed).toBe(false);
  });

  it("is not made longer by repeats that become rare", () => {
    const ttl = new RepeatTtl();
    const endMs = feed(ttl, { ...often, ttlMs: 60_000 });
    feed(ttl, { ttlMs: 60_000, samples: 500, perSample: 1, waitMs: 2_000_000, fromMs: endMs }, 20);
    expect(ttl.ttlMs).toBeLessThan(63_000);
  });
});
