import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../scripts/traffic/random.ts";
import { MIB } from "../../wasm/byte-units.ts";
import type { GrowthRule } from "./cache-guest.ts";
import { guestMemory, type PeakRule } from "./memory-rules.ts";
import { guestModel } from "./model.ts";
import { ALL_RULES } from "./testing/rules.ts";

const PEAK_RULES: readonly PeakRule[] = ["built-in", "page", "doubling", "plus-20-percent", "arena-4-mib"];
const SHAPE = { ttlMs: 60_000, entryBytes: 1_000 };

/** A model that holds the keys 0 to count - 1, all written at `nowMs`. */
function filled(rule: GrowthRule, count: number, nowMs = 1_000) {
  const model = guestModel(rule, SHAPE, 50_000);
  for (let key = 0; key < count; key++) model.request(nowMs, key);
  return model;
}

describe.each(ALL_RULES)("a restart of %s", (rule) => {
  it("without handover drops all entries and starts with the memory of a fresh instance", () => {
    const model = filled(rule, 10_000);
    const fresh = guestModel(rule, SHAPE, 1).allocatedBytes;
    expect(model.restart(2_000, false)).toBe(fresh);
    expect(model.allocatedBytes).toBe(fresh);
    expect(model.request(2_001, 5)).toBe(false);
  });

  it("with handover keeps each unexpired entry for its remaining time", () => {
    const model = filled(rule, 100);
    model.restart(31_000, true);
    for (let key = 0; key < 50; key++) expect(model.request(60_999, key)).toBe(true);
    // The other half was not used in between, so `sliding-ttl` has not extended it.
    for (let key = 50; key < 100; key++) expect(model.request(61_000, key)).toBe(false);
  });

  it("with handover needs as much memory as if only the unexpired entries had been written", () => {
    const model = filled(rule, 20_000, 1_000);
    for (let key = 20_000; key < 21_000; key++) model.request(50_000, key);
    const before = model.allocatedBytes;
    const after = model.restart(62_000, true);
    const compact = guestModel(rule, SHAPE, 50_000);
    for (let key = 20_000; key < 21_000; key++) compact.request(50_000, key);
    expect(after).toBe(compact.allocatedBytes);
    expect(model.liveBytes).toBe(compact.liveBytes);
    expect(after).toBeLessThan(before);
  });

  it("with handover never changes an answer", () => {
    const step = fc.record({ afterMs: fc.nat(30_000), key: fc.nat(20), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const restarted = guestModel(rule, SHAPE, 21);
        const untouched = guestModel(rule, SHAPE, 21);
        let nowMs = 0;
        for (const { afterMs, key, restart } of steps) {
          nowMs += afterMs;
          if (restart) restarted.restart(nowMs, true);
          expect(restarted.request(nowMs, key)).toBe(untouched.request(nowMs, key));
        }
      }),
    );
  });
});

describe.each(PEAK_RULES)("the memory of %s", (rule) => {
  it("depends only on the peak number of entries", () => {
    const random = seededRandom(4);
    for (const entryBytes of [0, 40, 1_000, 16_000]) {
      const shape = { ttlMs: 5_000, entryBytes };
      const memory = guestMemory(rule, entryBytes);
      const model = guestModel(rule, shape, 30_000);
      let peak = 0;
      for (let count = 0; count < 10_000; count++) {
        model.request(count + random(), Math.floor(random() * 30_000));
        peak = Math.max(peak, Math.round((model.liveBytes - memory.fixedBytes) / memory.bytesPerEntry));
        expect(model.allocatedBytes).toBe(memory.allocatedFor(peak));
      }
    }
  });

  it("never falls with more entries and has room for them all", () => {
    const count = fc.nat(100_000);
    fc.assert(
      fc.property(fc.nat(16_000), count, count, (entryBytes, one, other) => {
        const memory = guestMemory(rule, entryBytes);
        const [fewer, more] = [memory.allocatedFor(Math.min(one, other)), memory.allocatedFor(Math.max(one, other))];
        expect(fewer).toBeLessThanOrEqual(more);
        expect(more % 65_536).toBe(0);
        // `fixedBytes` already counts the first page of the index, so leave out the 4 index bytes per entry.
        const needed = memory.fixedBytes + Math.max(one, other) * (memory.bytesPerEntry - 4);
        if (Math.max(one, other) > 0) expect(more).toBeGreaterThanOrEqual(needed);
      }),
    );
  });
});

describe("memory grows", () => {
  const sizesOf = (rule: PeakRule): number[] => {
    const { allocatedFor } = guestMemory(rule, SHAPE.entryBytes);
    const sizes = new Set(Array.from({ length: 30_000 }, (_, entries) => allocatedFor(entries)));
    return [...sizes].map((bytes) => bytes / 65_536);
  };

  it("page by page under the rule page", () => {
    expect(sizesOf("page").slice(0, 4)).toEqual([3, 4, 5, 6]);
  });

  it("to twice the size under doubling", () => {
    expect(sizesOf("doubling").slice(0, 6)).toEqual([3, 6, 12, 24, 48, 96]);
  });

  it("by a fifth, at least a page, under plus-20-percent", () => {
    expect(sizesOf("plus-20-percent").slice(0, 12)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19]);
  });

  it("by 4 MiB under arena-4-mib, which starts with the first 4 MiB", () => {
    expect(sizesOf("arena-4-mib").slice(0, 3)).toEqual([67, 131, 195]);
  });

  it("with every new key under lazy-expiry, and with every write under leak", () => {
    const lazy = guestModel("lazy-expiry", SHAPE, 10_000);
    const leak = guestModel("leak", SHAPE, 10_000);
    const grow = (fromMs: number) => {
      for (let key = 0; key < 10_000; key++) {
        lazy.request(fromMs + key * 20, key);
        leak.request(fromMs + key * 20, key);
      }
      return [lazy.allocatedBytes, leak.allocatedBytes].map((bytes) => Math.round(bytes / MIB));
    };
    expect(grow(0)).toEqual([10, 10]);
    expect(grow(300_000)).toEqual([10, 20]);
    expect(lazy.liveBytes).toBeLessThan(4 * MIB);
    expect(leak.liveBytes).toBe(lazy.liveBytes);
  });
});

it("a hit restarts the TTL under sliding-ttl", () => {
  const sliding = guestModel("sliding-ttl", SHAPE, 1);
  const page = guestModel("page", SHAPE, 1);
  for (const model of [sliding, page]) model.request(0, 0);
  expect([sliding.request(50_000, 0), page.request(50_000, 0)]).toEqual([true, true]);
  expect([sliding.request(100_000, 0), page.request(100_000, 0)]).toEqual([true, false]);
});

it("calls-nobody answers every request alone and leaks 2.45 kB at each, until a restart", () => {
  const model = guestModel("calls-nobody", SHAPE, 1);
  expect(model.allocatedBytes / MIB).toBeCloseTo(1.1, 1);
  for (let request = 0; request < 20_000; request++) expect(model.request(request, 0)).toBe(true);
  expect(model.allocatedBytes / MIB).toBeCloseTo(1.1 + (20_000 * 2_450) / MIB, 0);
  expect(model.liveBytes / MIB).toBeCloseTo(1.1, 1);
  expect(model.restart(20_000, false) / MIB).toBeCloseTo(1.1, 1);
});
