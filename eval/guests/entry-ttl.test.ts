import { describe, expect, it } from "vitest";
import { entryTtlMs, isOneTtl } from "./entry-ttl.ts";
import { guestModel } from "./model.ts";

describe("how long an entry lives", () => {
  it("depends on the time of its write, if the TTL changes", () => {
    const ttl = { ttlMs: 600, change: { atMs: 1_000, ttlMs: 60 } };
    expect([entryTtlMs(ttl, 999, 0), entryTtlMs(ttl, 1_000, 0)]).toEqual([600, 60]);
  });

  it("depends on its key, if there are two populations", () => {
    const ttl = { ttlMs: 600, second: { share: 0.3, ttlMs: 60 } };
    const short = Array.from({ length: 10_000 }, (_, key) => entryTtlMs(ttl, 0, key)).filter((each) => each === 60);
    expect(short.length / 10_000).toBeCloseTo(0.3, 1);
    expect(entryTtlMs(ttl, 5, 17)).toBe(entryTtlMs(ttl, 0, 17));
  });

  it("is another for denials", () => {
    const ttl = { ttlMs: 600, denied: { fromKey: 10, ttlMs: 60 } };
    expect([entryTtlMs(ttl, 0, 9), entryTtlMs(ttl, 0, 10)]).toEqual([600, 60]);
  });

  it("is one TTL only without all three", () => {
    expect(isOneTtl({ ttlMs: 600 })).toBe(true);
    expect(isOneTtl({ ttlMs: 600, change: { atMs: 1, ttlMs: 60 } })).toBe(false);
    expect(isOneTtl({ ttlMs: 600, second: { share: 0.3, ttlMs: 60 } })).toBe(false);
    expect(isOneTtl({ ttlMs: 600, denied: { fromKey: 10, ttlMs: 60 } })).toBe(false);
  });

  it("is kept by the model of the built-in filter, also over a handover", () => {
    const shape = { ttlMs: 600_000, entryBytes: 100, change: { atMs: 100_000, ttlMs: 60_000 } };
    const model = guestModel("built-in", shape, 2);
    model.request(99_000, 0);
    model.request(100_000, 1);
    model.restart(120_000, true);
    expect([model.request(159_000, 1), model.request(160_200, 1)]).toEqual([true, false]);
    expect([model.request(698_000, 0), model.request(699_200, 0)]).toEqual([true, false]);
  });
});
