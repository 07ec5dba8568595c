/** Refusals, which anyone can cause by sending tokens, have their own share of the cache: they displace no allows. */

import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../byte-units.ts";
import type { OutboundResult } from "../host/index.ts";
import { configuration, filterModule, forwardAuth, Harness, outcome, reply } from "./testing/harness.ts";

const module = filterModule();

function start(maxBytes: number, denyTtlMs = 600_000): Harness {
  return new Harness(
    configuration({
      protocol: forwardAuth({ upstreamHeaders: ["x-user"] }),
      cache: { maxTtlMs: 600_000, denyTtlMs, staleIfErrorMs: 0, maxBytes },
    }),
    module,
  );
}

const allow = (bytes: number): OutboundResult => reply(200, [["x-user", "u".repeat(bytes)]]);
const refusal = (bytes: number): OutboundResult => reply(403, [["content-type", "text/html"]], "p".repeat(bytes));

async function ask(harness: Harness, token: string, result: OutboundResult): Promise<boolean> {
  harness.server = () => result;
  harness.calls.length = 0;
  await harness.ask({ token });
  return harness.calls.length === 0;
}

/** Adds decisions until one more would evict another; returns the kept tokens. */
async function fill(harness: Harness, bytes: number): Promise<string[]> {
  const tokens: string[] = [];
  const evicted = () => harness.metric("ebb_cache_evicted") || 0;
  const before = evicted();
  while (evicted() === before) {
    for (let at = 0; at < 50; at++) {
      const token = `good-${tokens.length}`;
      await ask(harness, token, allow(bytes));
      tokens.push(token);
    }
  }
  return tokens.slice(evicted() - before);
}

async function hits(harness: Harness, tokens: readonly string[]): Promise<number> {
  let found = 0;
  for (const token of tokens) found += Number(await ask(harness, token, reply(500)));
  return found;
}

describe("refusals of strangers", () => {
  it.each<[string, number, number]>([
    ["4,000 with a page of 15 kB", 4_000, 15_000],
    ["10,000 with a page of 15 kB", 10_000, 15_000],
    ["5,000 with a page of 4 kB", 5_000, 4_000],
    ["30,000 with the shortest page", 30_000, 1],
  ])("displace no allows of a full cache: %s", { timeout: 120_000 }, async (_, strangers, bytes) => {
    const harness = start(4 * 1_048_576);
    const good = await fill(harness, 200);
    const evicted = harness.metric("ebb_cache_evicted");
    for (let at = 0; at < strangers; at++) await ask(harness, `junk-${at}`, refusal(bytes));
    expect(harness.metric("ebb_cache_entries") - good.length).toBeLessThanOrEqual(7 * 256);
    expect(await hits(harness, good)).toBe(good.length);
    expect(harness.instance.allocatedBytes).toBeLessThanOrEqual(4 * 1_048_576);
    if (bytes > 8_192) expect(harness.metric("ebb_cache_evicted")).toBe(evicted);
  });

  it("use no more than an eighth of the memory, in any order", { timeout: 60_000 }, async () => {
    const harness = start(4 * 1_048_576);
    const before = harness.instance.allocatedBytes;
    for (let at = 0; at < 20_000; at++) await ask(harness, `junk-${at}`, refusal(at % 6_000));
    // Seven pages, and one for the index.
    expect(harness.instance.allocatedBytes - before).toBeLessThanOrEqual(8 * PAGE_BYTES);
    const good = await fill(harness, 200);
    expect(good.length).toBeGreaterThan(10_000);
    expect(await hits(harness, good)).toBe(good.length);
  });

  it.each([32, 100])("use no more than a megabyte of a cache of %i MiB: other services need the rest", async (mib) => {
    const harness = start(mib * 1_048_576);
    const before = harness.instance.allocatedBytes;
    for (let at = 0; at < 3_000; at++) await ask(harness, `junk-${at}`, refusal(7_500));
    expect(harness.instance.allocatedBytes - before).toBeLessThanOrEqual(17 * PAGE_BYTES);
  });

  it("with a large page are passed on and not kept", async () => {
    const harness = start(33_554_432);
    for (const token of ["a", "a"]) {
      harness.server = () => refusal(15_000);
      expect(outcome(await harness.ask({ token }))).toBe("403 denied");
    }
    expect(harness.calls).toHaveLength(2);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it("are kept beside a full cache, and the last used one is evicted last", async () => {
    const harness = start(4 * 1_048_576);
    await fill(harness, 200);
    await ask(harness, "often", refusal(100));
    for (let at = 0; at < 5_000; at++) {
      await ask(harness, `junk-${at}`, refusal(100));
      if (at % 100 === 0) expect(await ask(harness, "often", refusal(100))).toBe(true);
    }
    expect(await ask(harness, "junk-4999", refusal(100))).toBe(true);
    expect(await ask(harness, "junk-0", refusal(100))).toBe(false);
  });

  it("leave the smallest cache to the allows", async () => {
    const harness = start(5 * PAGE_BYTES);
    await ask(harness, "refused", refusal(10));
    for (let at = 0; at < 2_000; at++) await ask(harness, `good-${at}`, reply(200));
    expect(await ask(harness, "good-1999", reply(200))).toBe(true);
    for (let at = 0; at < 2_000; at++) await ask(harness, `junk-${at}`, refusal(10));
    expect(await ask(harness, "good-1999", reply(200))).toBe(true);
    expect(harness.instance.allocatedBytes).toBe(5 * PAGE_BYTES);
  });

  it("keep their share through a handover", { timeout: 60_000 }, async () => {
    const old = start(4 * 1_048_576);
    const good = await fill(old, 200);
    for (let at = 0; at < 5_000; at++) await ask(old, `junk-${at}`, refusal(200));
    const next = start(4 * 1_048_576);
    next.now = old.now;
    old.handover.begin(4 * 1_048_576);
    let used = 0;
    while (old.handover.moveTo(next.handover).kind === "moved") {
      if (used === 20) continue;
      await ask(old, good[used++]!, reply(500));
      await ask(old, `late-${used}`, refusal(200));
    }
    // At the limit the refusal pages may be filled differently, so a few refusals are lost.
    expect(next.metric("ebb_cache_entries") - good.length).toBeGreaterThan(1_000);
    expect(await ask(next, "late-20", reply(500))).toBe(true);
    expect(await hits(next, good)).toBe(good.length);
    for (let at = 0; at < 5_000; at++) await ask(next, `more-${at}`, refusal(200));
    expect(await hits(next, good)).toBe(good.length);
    expect(await ask(next, "more-4999", refusal(200))).toBe(true);
  });

  it("are the first to be left out of a small budget", { timeout: 60_000 }, async () => {
    const old = start(4 * 1_048_576);
    for (let at = 0; at < 4_000; at++) await ask(old, `good-${at}`, allow(200));
    for (let at = 0; at < 1_500; at++) await ask(old, `junk-${at}`, refusal(200));
    const next = start(4 * 1_048_576);
    next.now = old.now;
    old.handover.begin(22 * PAGE_BYTES);
    while (old.handover.moveTo(next.handover).kind === "moved");
    expect(next.instance.allocatedBytes).toBeLessThanOrEqual(22 * PAGE_BYTES);
    expect(await hits(next, ["junk-0"])).toBe(0);
    const good = await hits(
      next,
      Array.from({ length: 4_000 }, (_, at) => `good-${at}`),
    );
    expect(good).toBeGreaterThan(3_000);
  });

  it("dropped by a purge of everything leave their pages to allows", async () => {
    const harness = start(4 * 1_048_576);
    for (let at = 0; at < 5_000; at++) await ask(harness, `junk-${at}`, refusal(200));
    expect(harness.handover.purgeAll()).toBeGreaterThan(500);
    expect(harness.metric("ebb_cache_live_bytes")).toBe(0);
    await fill(harness, 200);
    expect(harness.instance.failure).toBeUndefined();
  });
});
