import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { SecondTtl } from "./second-ttl.ts";

/** Feeds pairs of intervals of questions that come back after `ttlMs` and a wait of their own. Looks after every tenth. */
function feed(
  second: SecondTtl,
  pairs: number,
  ttlsMs: readonly number[],
  waitMs: number,
  firstMs: number,
  seed = 1,
): void {
  const random = seededRandom(seed);
  for (let n = 0; n < pairs; n += 1) {
    const ttlMs = ttlsMs[n % ttlsMs.length]!;
    // Some clients come often, most come rarely.
    const ownMs = waitMs * random() ** 2;
    second.repeated(ttlMs + exponential(random, 1 / ownMs), ttlMs + exponential(random, 1 / ownMs));
    if (n % 10 === 0) second.update(firstMs);
  }
}

describe("a second TTL", () => {
  it.each([
    [60_000, 600_000],
    [300_000, 600_000],
    [300_000, 420_000],
    [60_000, 3_600_000],
  ])("is found above %i ms at %i ms", (firstMs, secondMs) => {
    const second = new SecondTtl();
    feed(second, 1_000, [firstMs, secondMs], 100_000, firstMs);
    expect(Math.abs(second.ttlMs! / secondMs - 1)).toBeLessThan(0.05);
  });

  it("is not found among entries of one TTL, whatever their clients do", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      for (const waitMs of [10_000, 100_000, 1_000_000, 10_000_000]) {
        const second = new SecondTtl();
        feed(second, 1_000, [300_000], waitMs, 300_000, seed);
        expect(second.ttlMs).toBeUndefined();
      }
    }
  });

  it("is not found by one look alone", () => {
    const second = new SecondTtl();
    for (let n = 0; n < 100; n += 1) second.repeated(600_000 + n, 600_000 + n);
    second.update(60_000);
    expect(second.ttlMs).toBeUndefined();
    second.update(60_000);
    expect(second.ttlMs).toBe(600_000);
  });

  it("stays while it becomes rarer, and goes when it is rare", () => {
    const second = new SecondTtl();
    feed(second, 1_000, [60_000, 600_000], 30_000, 60_000);
    feed(second, 1_000, [60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 600_000], 30_000, 60_000);
    expect(second.ttlMs).toBeDefined();
    feed(second, 2_000, [60_000], 30_000, 60_000);
    expect(second.ttlMs).toBeUndefined();
  });

  it("is forgotten on demand", () => {
    const second = new SecondTtl();
    feed(second, 1_000, [60_000, 600_000], 30_000, 60_000);
    second.forget();
    expect(second.ttlMs).toBeUndefined();
    second.update(60_000);
    second.update(60_000);
    expect(second.ttlMs).toBeUndefined();
  });
});
