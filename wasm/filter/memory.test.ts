/** The memory cost of a decision, reuse of freed memory, and no growth through untrusted requests. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtInFilterFile } from "../../scripts/built-in-filter.ts";
import { readMemoryLimits } from "../binary/memory-section.ts";
import { PAGE_BYTES } from "../byte-units.ts";
import type { OutboundResult } from "../host/index.ts";
import {
  type AskOptions,
  configuration,
  forwardAuth,
  Harness,
  largeFilterModule,
  noReply,
  outcome,
  reply,
} from "./testing/harness.ts";

const largeModule = await largeFilterModule();
const shippedLimits = readMemoryLimits(readFileSync(builtInFilterFile));

function cacheOf(maxBytes: number, maxTtlMs = 600_000): { [name: string]: number } {
  return { maxTtlMs, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes };
}

/** Repeatable noise in [0, 1). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

/** Bytes of linear memory for each of `entries` cached allows with upstream headers of `sizeOf` bytes (name and value). */
async function bytesPerEntry(
  entries: number,
  sizeOf: (index: number) => number,
): Promise<[bytes: number, size: number]> {
  const harness = new Harness(
    configuration({ cache: cacheOf(512 * 1024 * 1024), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    largeModule,
  );
  const before = harness.instance.allocatedBytes;
  let total = 0;
  for (let i = 0; i < entries; i++) {
    const size = sizeOf(i);
    total += size;
    harness.server = () => reply(200, size === 0 ? [] : [["x-user", "v".repeat(size - "x-user".length)]]);
    await harness.ask({ token: `token-${i}` });
    harness.calls.length = 0;
  }
  expect(harness.metric("ebb_cache_entries")).toBe(entries);
  return [(harness.instance.allocatedBytes - before) / entries, total / entries];
}

describe("a cached allow", () => {
  it("costs at most 64 bytes without headers, in total, measured over 100,000", { timeout: 120_000 }, async () => {
    const [bytes] = await bytesPerEntry(100_000, () => 0);
    expect(bytes).toBeLessThanOrEqual(64);
  });

  const random = noise(1);
  it.each<[string, number, (index: number) => number]>([
    ["10 bytes", 50_000, () => 10],
    ["100 bytes", 20_000, () => 100],
    ["500 bytes", 20_000, () => 500],
    ["2 KB", 20_000, () => 2048],
    ["10 to 4,000 bytes", 20_000, () => 10 + Math.floor(random() * 3991)],
    ["16 KB", 2_000, () => 16_000],
  ])("with %s of headers costs at most 80 + 1.15 x their size", { timeout: 120_000 }, async (_, entries, sizeOf) => {
    const [bytes, size] = await bytesPerEntry(entries, sizeOf);
    expect(bytes).toBeLessThanOrEqual(80 + 1.15 * size);
  });
});

describe("growth", () => {
  it("is in single pages, and the maximum is in the module", async () => {
    expect(shippedLimits?.initialPages).toBe(3);
    expect(shippedLimits?.maximumPages).toBeGreaterThan(3);
    const harness = new Harness();
    let previous = harness.instance.allocatedBytes;
    for (let i = 0; i < 5_000; i++) {
      await harness.ask({ token: `t${i}` });
      const now = harness.instance.allocatedBytes;
      // The first entry also adds the first page of the index.
      expect(now - previous).toBeLessThanOrEqual(i === 0 ? 2 * PAGE_BYTES : PAGE_BYTES);
      previous = now;
    }
  });

  it.each<[string, (random: number) => number]>([
    ["of one size", () => 700],
    ["of mixed sizes", (random) => Math.floor(random * 3_000)],
  ])("stops once entries %s expire as fast as they arrive", async (_, sizeOf) => {
    const harness = new Harness(
      configuration({ cache: cacheOf(33_554_432, 60_000), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    );
    const random = noise(7);
    const run = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        for (let i = 0; i < 20; i++) {
          const value = "v".repeat(sizeOf(random()));
          harness.server = () => reply(200, [["x-user", value]]);
          await harness.ask({ token: `${harness.now}-${i}` });
        }
        harness.calls.length = 0;
        harness.advance(1_000);
      }
    };
    await run(70);
    const filled = harness.instance.allocatedBytes;
    await run(600);
    // With random sizes, the need for each size class varies a little.
    expect(harness.instance.allocatedBytes).toBeLessThanOrEqual(filled * 1.1);
  });

  it("turns pages freed by one size into pages for another", async () => {
    const harness = new Harness(
      configuration({ cache: cacheOf(33_554_432, 60_000), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    );
    const fill = async (count: number, size: number): Promise<void> => {
      harness.server = () => reply(200, size ? [["x-user", "v".repeat(size)]] : []);
      for (let i = 0; i < count; i++) await harness.ask({ token: `${harness.now}-${i}` });
      harness.calls.length = 0;
    };
    await fill(30_000, 0);
    const filled = harness.instance.allocatedBytes;
    harness.advance(65_000);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    await fill(800, 2_000);
    harness.advance(65_000);
    await fill(3_000, 100);
    expect(harness.instance.allocatedBytes).toBe(filled);
  });

  it.each<[string, number, (harness: Harness) => unknown]>([
    ["two ticks", 2, (harness) => harness.instance.tick()],
    ["requests, a limited number by each", 2_000, (harness) => harness.ask()],
  ])("frees 30,000 entries that expire together within %s", async (_, times, pass) => {
    const harness = new Harness(configuration({ cache: cacheOf(33_554_432, 60_000) }));
    for (let i = 0; i < 30_000; i++) await harness.ask({ token: `t${i}` });
    harness.now += 60_200;
    harness.server = () => reply(404);
    const entries = async (): Promise<number> => {
      // A miss flushes the metrics.
      await harness.ask({ token: "gone" });
      return harness.shared.metrics.value("ebb_cache_entries") ?? Number.NaN;
    };
    expect(await entries()).toBeGreaterThanOrEqual(30_000 - 64);
    for (let i = 0; i < times; i++) await pass(harness);
    expect(await entries()).toBe(0);
  });
});

describe("at the maximum", () => {
  it("exactly the least recently used entry is evicted", async () => {
    const harness = new Harness(configuration({ cache: cacheOf(5 * PAGE_BYTES) }));
    // One page of the index and one of entries: (65,536 - 32) / 56.
    const capacity = 1_169;
    for (let i = 0; i < capacity; i++) await harness.ask({ token: `t${i}` });
    expect(harness.metric("ebb_cache_evicted")).toBe(0);
    await harness.ask({ token: "t0" });
    await harness.ask({ token: "new" });
    expect(harness.metric("ebb_cache_evicted")).toBe(1);
    expect(harness.metric("ebb_cache_entries")).toBe(capacity);
    const calls = harness.calls.length;
    for (const kept of ["t0", "t2", "new"]) await harness.ask({ token: kept });
    expect(harness.calls.length).toBe(calls);
    await harness.ask({ token: "t1" });
    expect(harness.calls.length).toBe(calls + 1);
    expect(harness.instance.allocatedBytes).toBe(5 * PAGE_BYTES);
  });

  it("the remaining entries are always the last used ones, for any sizes", async () => {
    const harness = new Harness(
      configuration({ cache: cacheOf(16 * PAGE_BYTES), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    );
    const random = noise(3);
    const used: string[] = [];
    for (let i = 0; i < 4_000; i++) {
      const token = `t${Math.floor(random() * random() * 3_000)}`;
      const size = random() < 0.5 ? 0 : Math.floor(random() * 3_000);
      harness.server = () => reply(200, size ? [["x-user", "v".repeat(size)]] : []);
      await harness.ask({ token });
      const at = used.indexOf(token);
      if (at >= 0) used.splice(at, 1);
      used.push(token);
    }
    expect(harness.metric("ebb_cache_evicted")).toBeGreaterThan(500);
    expect(harness.instance.allocatedBytes).toBeLessThanOrEqual(16 * PAGE_BYTES);
    // Failing calls show what is cached without changing it.
    harness.server = () => noReply("reset");
    const cached = [];
    for (const token of used) cached.push(outcome(await harness.ask({ token })) === "continue");
    const entries = harness.metric("ebb_cache_entries");
    expect(cached.lastIndexOf(false)).toBe(used.length - entries - 1);
    expect(entries).toBeGreaterThan(50);
  });

  it("a new kind of load takes over the memory of the old", async () => {
    const harness = new Harness(
      configuration({ cache: cacheOf(16 * PAGE_BYTES), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    );
    // Each count is some times what fits.
    for (const [size, count] of [
      [0, 20_000],
      [2_000, 2_000],
      [10, 20_000],
      [8_000, 1_000],
      [0, 20_000],
    ] as const) {
      harness.server = () => reply(200, size ? [["x-user", "v".repeat(size)]] : []);
      for (let i = 0; i < count; i++) await harness.ask({ token: `${size}-${harness.now}-${i}` });
      const last = harness.calls.length;
      await harness.ask({ token: `${size}-${harness.now}-${count - 1}` });
      expect(harness.calls.length).toBe(last);
      harness.now += 1;
    }
    expect(harness.instance.failure).toBeUndefined();
    expect(harness.metric("ebb_cache_entries")).toBeGreaterThan(1_000);
  });

  it("the module's own maximum stops growth if the configured one is higher", async () => {
    const harness = new Harness(
      configuration({ cache: cacheOf(1024 * 1024 * 1024), protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }),
    );
    const value = "v".repeat(15_000);
    harness.server = () => reply(200, [["x-user", value]]);
    for (let i = 0; i < 3_000; i++) {
      expect((await harness.ask({ token: `t${i}` })).kind).toBe("continue");
      harness.calls.length = 0;
    }
    expect(harness.instance.allocatedBytes).toBe((shippedLimits?.maximumPages ?? 0) * PAGE_BYTES);
    expect(harness.metric("ebb_cache_evicted")).toBeGreaterThan(0);
  });
});

describe("10,000 bad requests", () => {
  const big = "x".repeat(30_000);
  const bad: [AskOptions, OutboundResult][] = [
    [{}, reply(200)],
    [{ token: "a\ufffd" }, reply(200)],
    [{ token: big }, reply(200)],
    [{ token: "a", path: `/${big}${big}${big}${big}` }, reply(200)],
    [{ token: "a", path: "/\ufffd" }, reply(200)],
    [{ token: "a", headers: [["authorization", "Bearer b"]] }, reply(200)],
    [{ token: "a", rule: "unknown" }, reply(200)],
    [{ token: "a" }, noReply("reset")],
    [{ token: "a" }, noReply("timeout")],
    [{ token: "a" }, noReply("overflow")],
    [{ token: "a" }, reply(500, [["x-big", big]], big)],
    [{ token: "a" }, reply(302, [["location", big]], big)],
    [
      { token: "a" },
      reply(
        404,
        [
          ["set-cookie", big],
          ["set-cookie", big],
        ],
        big,
      ),
    ],
    [{ token: "a" }, reply(403, [["cache-control", "no-store"]], big)],
    [{ token: "a" }, reply(403, [], "x".repeat(1_000_000))],
    [{ token: "a" }, reply(200, [["x-user", `${big}${big}${big}`]])],
    [{ token: "a" }, reply(200, [["x-user", "\ufffd"]])],
    [{ token: "a" }, { ok: true, headers: [[":status", "abc"]], body: new Uint8Array(0), trailers: [] }],
    [
      { token: "a", path: `/${big}` },
      reply(
        200,
        [
          ["x-user", big],
          ["cache-control", "no-store"],
        ],
        big,
      ),
    ],
  ];

  it("leave memory unchanged, keep nothing, and the filter keeps working", { timeout: 60_000 }, async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
    const before = harness.instance.allocatedBytes;
    for (let i = 0; i < 10_000; i++) {
      const [options, result] = bad[i % bad.length]!;
      harness.server = () => result;
      const decision = await harness.ask(options);
      expect(decision.kind).not.toBe("failed");
      harness.calls.length = 0;
    }
    expect(harness.instance.allocatedBytes).toBe(before);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    expect(harness.instance.openStreams).toBe(0);
    harness.server = () => reply(200);
    expect(outcome(await harness.ask({ token: "good" }))).toBe("continue");
  });
});
