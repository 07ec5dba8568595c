import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ask, pass, settled, statsOf, testEnv } from "../../test/workerd/client.ts";
import { MIB, PAGE_BYTES } from "../../wasm/byte-units.ts";
import { RECLAIM_SETTINGS } from "../testing/settings.ts";
import { forceGarbageCollection } from "./force-gc.ts";
import { createIsolate, type Isolate, isolateSnapshot, thisIsolate } from "./isolate.ts";
import type { MemoryOwner, TrackedMemory } from "./isolate-memory.ts";

/** Released linear memories in the real runtime: V8 collects them, but only if nothing references them. */

const GROWN = 259 * PAGE_BYTES;
const soon = { timeout: 4_000, interval: 50 };

const stubOf = (service: string) => testEnv.SERVICE_OBJECT.getByName(service);
const inObject = <T>(service: string, run: () => T): Promise<T> => runInDurableObject(stubOf(service), run);
const growOnce = (service: string) => ask(`/${service}/1`, undefined, { headers: { "x-grow": "now" } });
const restart = (service: string) => runInDurableObject(stubOf(service), (object) => object.restart("test"));
const here = () => isolateSnapshot(thisIsolate());

/** A memory of 16 MiB that is tracked by `isolate`. */
function follow(isolate: Isolate): { tracked: TrackedMemory; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 256 });
  const tracked = isolate.memory.track(isolate.memory.owner("test"), {
    allocatedBytes: memory.buffer.byteLength,
    watchCollection: (registry, heldValue) => registry.register(memory, heldValue),
  });
  return { tracked, memory };
}

describe("the memory of a filter that was restarted", () => {
  it("shows as retired, and a little later as collected, without any request", async () => {
    await growOnce("growing");
    expect(here().live.bytes).toBeGreaterThanOrEqual(GROWN);
    const before = here();

    expect(await restart("growing")).toBe("restarted");
    const retired = here();
    expect(retired.retired.bytes).toBeGreaterThanOrEqual(before.retired.bytes + GROWN);
    expect(retired.reclaim.state).toBe("waiting");

    await vi.waitFor(() => expect(here().reclaim.state).toBe("resting"), soon);
    const after = here();
    expect(after.retired.count).toBe(0);
    expect(after.collected.bytes).toBeGreaterThanOrEqual(before.collected.bytes + GROWN);
    expect(after.collected.lastReturnMs).toBeLessThan(2_000);
    expect(after.reclaim).toMatchObject({ state: "resting", reason: "nothing_retired", failuresInARow: 0 });
    expect(after.isolateId).toBe(before.isolateId);
  });

  it("is collected soon however little it is, without any request", async () => {
    expect((await ask("/growing/1")).status).toBe(200);
    await vi.waitFor(() => expect(here().retired.count).toBe(0), soon);
    const before = here();
    expect(await restart("growing")).toBe("restarted");
    expect(here().retired).toEqual({ bytes: 4 * PAGE_BYTES, count: 1 });
    await vi.waitFor(() => expect(here().retired.count).toBe(0), soon);
    expect(here().collected.bytes).toBeGreaterThanOrEqual(before.collected.bytes + 4 * PAGE_BYTES);
  });

  it("is added up over all objects of the isolate", async () => {
    const before = here().live.bytes;
    await Promise.all([growOnce("growing"), growOnce("growing-beside")]);
    expect(here().live.bytes - before).toBeGreaterThanOrEqual(2 * 255 * PAGE_BYTES);
    await Promise.all([restart("growing"), restart("growing-beside")]);
    await vi.waitFor(() => expect(here().retired.count).toBe(0), soon);
  });
});

describe("the memory of an object that was evicted", () => {
  it("is tracked: unclaimed when the object comes back, and then collected", async () => {
    await growOnce("growing");
    await settled();
    await evictDurableObject(stubOf("growing"));
    const evicted = here();
    expect((await ask("/growing/1")).status).toBe(200);
    // V8 may have been quicker.
    expect(here().unclaimed.bytes + here().collected.bytes - evicted.collected.bytes).toBeGreaterThanOrEqual(GROWN);
    await vi.waitFor(() => expect(here().unclaimed.count).toBe(0), soon);
    expect(here().collected.bytes).toBeGreaterThanOrEqual(evicted.collected.bytes + GROWN);
  });

  it("is tracked even if the object does not come back: the next collection shows it", async () => {
    await growOnce("growing");
    await settled();
    await evictDurableObject(stubOf("growing"));
    const before = here();
    await vi.waitFor(
      async () => {
        await inObject("growing-beside", () => thisIsolate().reclaimer.probe());
        await settled();
        expect(here().collected.bytes).toBeGreaterThanOrEqual(before.collected.bytes + GROWN);
      },
      { timeout: 10_000, interval: 500 },
    );
    expect(here().live.bytes).toBeLessThanOrEqual(before.live.bytes - GROWN);
  });
});

describe("a retired memory", () => {
  let isolate: Isolate;
  beforeEach(() => {
    isolate = createIsolate();
  });

  it("that a forgotten view references never shows as collected, and counts as pinned, not as a failed collection", async () => {
    const view = await inObject("growing", () => {
      const { tracked, memory } = follow(isolate);
      tracked.retired(memory.buffer.byteLength);
      return { bytes: new Uint8Array(memory.buffer, 0, 1) };
    });
    await vi.waitFor(() => expect(isolateSnapshot(isolate).pinned.count).toBe(1), { timeout: 8_000, interval: 50 });
    expect(isolateSnapshot(isolate)).toMatchObject({
      retired: { bytes: 256 * PAGE_BYTES, count: 1 },
      collected: { count: 0 },
      reclaim: { provoked: 2, succeeded: 2, failuresInARow: 0, freedBytes: 0, reason: "nothing_retired" },
    });
    expect(view.bytes.byteLength).toBe(1);
  });

  it("is given up, with the reason, if forced collections have no effect", async () => {
    let provoked = 0;
    const platform = {
      nowMs: () => Date.now(),
      setTimer: (callback: () => void, delayMs: number) => void setTimeout(callback, delayMs),
      provoke: () => {
        provoked += 1;
      },
    };
    isolate = createIsolate(platform, { ...RECLAIM_SETTINGS, delayMs: 10, minIntervalMs: 20, effectMs: 10 });
    const memory = await inObject("growing", () => {
      const tracked = follow(isolate);
      tracked.tracked.retired(tracked.memory.buffer.byteLength);
      return { kept: tracked.memory };
    });
    await vi.waitFor(() => expect(isolateSnapshot(isolate).reclaim.reason).toBe("no_effect_here"), soon);
    expect(provoked).toBe(3);
    expect(memory.kept.buffer.byteLength).toBe(256 * PAGE_BYTES);
  });
});

describe("the budget", () => {
  it("asks the best of several objects to restart through the caller, and collects the released memory", async () => {
    const marks = {
      highBytes: 28 * MIB,
      lowBytes: 24 * MIB,
      hardBytes: 60 * MIB,
      minBetweenMs: 1_000,
      minBetweenHardMs: 100,
      minGainBytes: MIB,
    };
    const platform = {
      nowMs: () => Date.now(),
      setTimer: (callback: () => void, delayMs: number) => void setTimeout(callback, delayMs),
      provoke: forceGarbageCollection,
    };
    const isolate = createIsolate(platform, RECLAIM_SETTINGS, marks);
    interface Held {
      readonly tracked: TrackedMemory;
      memory: WebAssembly.Memory | undefined;
      /** A reference, because the memory of a collected owner becomes unclaimed. */
      readonly owner: MemoryOwner;
    }
    const held = new Map<string, Held>();
    await inObject("growing", () => {
      for (const [name, priceCalls] of [
        ["dear", 1_000],
        ["cheap", 1],
      ] as const) {
        const owner = isolate.memory.owner(name);
        const memory = new WebAssembly.Memory({ initial: 256 });
        const tracked = isolate.memory.track(owner, {
          allocatedBytes: 16 * MIB,
          watchCollection: (registry, heldValue) => registry.register(memory, heldValue),
        });
        held.set(name, { tracked, memory, owner });
        isolate.budget.report(owner, name, { gainBytes: 15 * MIB, evictionGainBytes: 15 * MIB, priceCalls });
      }
    });
    expect(isolate.budget.isShort).toBe(true);
    const asked: string[] = [];
    await inObject("growing-beside", () =>
      isolate.budget.reclaim(async (name, relief) => {
        asked.push(`${name} ${relief}`);
        await inObject("growing", () => {
          const member = held.get(name)!;
          member.memory = undefined;
          member.tracked.retired(16 * MIB);
        });
      }),
    );
    expect(asked).toEqual(["cheap restart"]);
    await vi.waitFor(() => expect(isolateSnapshot(isolate).budget.heldBytes).toBe(16 * MIB), soon);
    expect(isolate.budget.isShort).toBe(false);
    expect(held.get("dear")!.memory).toBeDefined();
  });
});

describe("an instance that grew beyond its cap", () => {
  it("is replaced before the next request, but not again within moments", async () => {
    for (let n = 0; n < 5; n += 1) expect((await growOnce("growing-beyond")).status).toBe(200);
    expect((await statsOf("growing-beyond")).allocatedBytes).toBe((4 + 5 * 255) * PAGE_BYTES);
    expect((await ask("/growing-beyond/1")).status).toBe(200);
    expect((await statsOf("growing-beyond")).restartCount).toBe(0);
    pass(5_000);
    expect((await ask("/growing-beyond/1")).status).toBe(200);
    expect(await statsOf("growing-beyond")).toMatchObject({ restartCount: 1, allocatedBytes: 4 * PAGE_BYTES });
    expect((await statsOf("growing-beyond")).restarts[0]).toMatchObject({ reason: "grew_beyond_cap" });
  });
});

describe("the budget of this isolate", () => {
  it("makes objects ask each other to restart, so that their total stays below the platform's limit", async () => {
    const services = ["growing", "growing-beside", "growing-beyond"];
    const before = here();
    for (let round = 0; round < 8; round += 1) {
      const grown = await Promise.all([growOnce(services[round % 3]!), ask(`/${services[(round + 1) % 3]}/1`)]);
      expect(grown.map(({ status }) => status)).toEqual([200, 200]);
      await settled();
    }
    const after = here();
    expect(after.peakBytes).toBeLessThan(128_000_000);
    const asked = ({ budget }: typeof after) => budget.restartsAsked + budget.evictionsAsked;
    expect(asked(after)).toBeGreaterThan(asked(before));
    await vi.waitFor(() => expect(thisIsolate().budget.isShort).toBe(false), soon);
    const stats = await Promise.all(services.map(statsOf));
    const reasons = stats.flatMap(({ restarts }) => restarts.map(({ reason }) => reason));
    expect(reasons.some((reason) => reason.startsWith("isolate_"))).toBe(true);
  });
});
