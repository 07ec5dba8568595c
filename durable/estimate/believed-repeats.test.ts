import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { BelievedRepeats } from "./believed-repeats.ts";
import type { Ttl } from "./ttl.ts";

const SAMPLE_MS = 10_000;
const NO_GROWTH: Ttl = { ms: 600_000, confidence: "default", beyondCap: false, minMs: 5_000, maxMs: 3_600_000 };

function grown(ms: number, confidence: Ttl["confidence"]): Ttl {
  return { ms, confidence, beyondCap: false, minMs: 0.95 * ms, maxMs: 1.05 * ms };
}

/** Questions of these TTLs come back, some soon and twice in a row. Returns the time at the end. */
function feed(repeats: BelievedRepeats, ttlsMs: readonly number[], growth: Ttl, samples = 100, fromMs = 0): number {
  const random = seededRandom(7);
  for (let sample = 1; sample <= samples; sample += 1) {
    for (const ttlMs of ttlsMs) {
      const interval = () => ttlMs + exponential(random, 1 / 10_000);
      for (let n = 0; n < 3; n += 1) repeats.repeated(interval(), interval());
    }
    repeats.update(fromMs + sample * SAMPLE_MS, 100, growth);
  }
  return fromMs + samples * SAMPLE_MS;
}

describe("repeats beside growth", () => {
  it("show the TTL", () => {
    const repeats = new BelievedRepeats();
    feed(repeats, [60_000], NO_GROWTH);
    expect(Math.abs(repeats.ttlMs(NO_GROWTH)! / 60_000 - 1)).toBeLessThan(0.05);
    expect(repeats.shorterTtlMs).toBeUndefined();
  });

  it("show the longer of two TTLs, and name the shorter one", () => {
    const repeats = new BelievedRepeats();
    feed(repeats, [60_000, 600_000], NO_GROWTH);
    expect(Math.abs(repeats.ttlMs(NO_GROWTH)! / 600_000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(repeats.shorterTtlMs! / 60_000 - 1)).toBeLessThan(0.05);
  });

  it("show no second TTL that growth contradicts: clients that all come once an hour", () => {
    const repeats = new BelievedRepeats();
    const growth = grown(300_000, "measured");
    feed(repeats, [300_000, 3_600_000], growth);
    expect(Math.abs(repeats.ttlMs(growth)! / 300_000 - 1)).toBeLessThan(0.05);
    expect(repeats.shorterTtlMs).toBeUndefined();
  });

  it("are not believed for six lengths of a longer TTL that growth shows, and then are", () => {
    const repeats = new BelievedRepeats();
    const growth = grown(600_000, "bounded");
    const endMs = feed(repeats, [60_000], growth, 10);
    expect(repeats.ttlMs(growth)).toBeUndefined();
    expect(repeats.shorterTtlMs).toBeUndefined();
    feed(repeats, [60_000], growth, 360, endMs);
    expect(Math.abs(repeats.ttlMs(growth)! / 60_000 - 1)).toBeLessThan(0.05);
  });

  it("are doubted only when the first TTL is found", () => {
    const repeats = new BelievedRepeats();
    const endMs = feed(repeats, [60_000], NO_GROWTH);
    const growth = grown(600_000, "bounded");
    feed(repeats, [60_000], growth, 5, endMs);
    expect(repeats.ttlMs(growth)).toBeDefined();
  });

  it("do not go back in time if the clock does", () => {
    const repeats = new BelievedRepeats();
    feed(repeats, [60_000], NO_GROWTH, 10);
    repeats.update(1, 100, NO_GROWTH);
    expect(repeats.nowMs).toBe(10 * SAMPLE_MS);
  });
});
