import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { EventLog } from "../log/events.ts";
import { RECLAIM_SETTINGS } from "../testing/settings.ts";
import { type CollectableMemory, IsolateMemory } from "./isolate-memory.ts";
import { Reclaimer } from "./reclaimer.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Simulated time and timers; objects are really collected. */
class Scene {
  nowMs = 1_000;
  collects = true;
  collectionMs = 0;
  provoked: number[] = [];
  lines: string[] = [];
  timers: { atMs: number; callback: () => void }[] = [];
  readonly memory = new IsolateMemory(() => this.nowMs);
  readonly owner = this.memory.owner("orders");
  readonly other = this.memory.owner("customers");
  readonly reclaimer = new Reclaimer(
    this.memory,
    {
      nowMs: () => this.nowMs,
      setTimer: (callback, delayMs) => this.timers.push({ atMs: this.nowMs + delayMs, callback }),
      provoke: () => {
        this.provoked.push(this.nowMs);
        this.nowMs += this.collectionMs;
        if (this.collects) collectGarbage();
      },
    },
    RECLAIM_SETTINGS,
    new EventLog(
      null,
      () => this.nowMs,
      (line) => this.lines.push(line),
    ),
  );

  readonly #live = this.memory.track(this.other, { allocatedBytes: MIB, watchCollection: () => {} });

  /** @returns the memory's target, which pins it while kept */
  retire(bytes = 64 * MIB): object {
    const target = {};
    const watched: CollectableMemory = {
      allocatedBytes: bytes,
      watchCollection: (registry, heldValue) => registry.register(target, heldValue),
    };
    this.memory.track(this.owner, watched).retired(bytes);
    return target;
  }

  /** The filter of another object runs. */
  runGuest(): void {
    this.#live.report(MIB);
  }

  /** Advances time, timer by timer. Before each, finalizers get time to run, which they need on a busy machine. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      const due = this.timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
    }
    this.nowMs = untilMs;
  }

  get retiredBytes(): number {
    return this.memory.snapshot().retired.bytes;
  }
}

describe("the reclaimer", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });

  it("collects a retired memory after V8 had time to, and knows that it was collected", async () => {
    scene.retire();
    await scene.pass(999);
    expect(scene.provoked).toEqual([]);
    expect(scene.reclaimer.snapshot()).toMatchObject({ state: "waiting", reason: "left_to_v8" });
    await scene.pass(100);
    expect(scene.provoked).toEqual([2_000]);
    expect(scene.retiredBytes).toBe(0);
    expect(scene.reclaimer.snapshot()).toMatchObject({
      state: "resting",
      reason: "nothing_retired",
      provoked: 1,
      succeeded: 1,
      freedBytes: 64 * MIB,
      lastAtMs: 2_000,
    });
    expect(scene.timers).toEqual([]);
  });

  it("forces one collection for many memories", async () => {
    scene.retire();
    await scene.pass(500);
    scene.retire();
    scene.retire();
    await scene.pass(10_000);
    expect(scene.provoked.length).toBe(1);
    expect(scene.retiredBytes).toBe(0);
  });

  it("collects any amount that was released", async () => {
    scene.retire(65_536);
    await scene.pass(1_000);
    expect(scene.provoked).toEqual([2_000]);
    expect(scene.retiredBytes).toBe(0);
    expect(scene.reclaimer.snapshot()).toMatchObject({ freedBytes: 65_536, succeeded: 1 });
  });

  it("collects after each of the first restarts, and after that as often as the budget of CPU pays", async () => {
    scene.collectionMs = 40;
    const collected: boolean[] = [];
    for (let n = 0; n < 12; n += 1) {
      scene.retire(MIB);
      await scene.pass(5_000);
      collected.push(scene.retiredBytes === 0);
    }
    // 360 ms pay the first at 50 ms and seven at 40 ms, and a minute pays 6 more.
    expect(collected.indexOf(false)).toBe(8);
    // Together the last four are 4 MiB.
    expect(collected.slice(8)).toEqual([false, false, false, true]);
  });

  describe("without credit", () => {
    beforeEach(async () => {
      // These take 330 of 360 ms.
      scene.collectionMs = 40;
      for (let n = 0; n < 8; n += 1) {
        scene.reclaimer.probe();
        await scene.pass(2_000);
      }
      scene.provoked = [];
      scene.retire(MIB);
      await scene.pass(2_000);
    });

    it("sets no timer, so that an idle object can be evicted, and collects at the first request once it has credit", async () => {
      expect(scene.reclaimer.snapshot()).toMatchObject({ state: "waiting", reason: "over_cpu_budget" });
      expect(scene.timers).toEqual([]);
      await scene.pass(50_000);
      scene.runGuest();
      expect(scene.timers).toEqual([]);
      await scene.pass(50_000);
      expect(scene.provoked).toEqual([]);
      scene.runGuest();
      // Not in the task of the request.
      expect(scene.provoked).toEqual([]);
      expect(scene.timers.length).toBe(1);
      await scene.pass(0);
      expect(scene.provoked.length).toBe(1);
      expect(scene.retiredBytes).toBe(0);
    });

    it("collects at once when 4 MiB have come together", async () => {
      scene.retire(3 * MIB);
      await scene.pass(1_000);
      expect(scene.provoked.length).toBe(1);
      expect(scene.retiredBytes).toBe(0);
    });

    it("collects any amount if the isolate's budget is short", async () => {
      expect(scene.reclaimer.look(true)).toBe(true);
      await scene.pass(0);
      expect(scene.retiredBytes).toBe(0);
    });

    it("waits no longer because the clock was set back", async () => {
      scene.nowMs -= 3_600_000;
      scene.runGuest();
      await scene.pass(150_000);
      scene.runGuest();
      await scene.pass(3_000);
      expect(scene.provoked.length).toBe(1);
      expect(scene.retiredBytes).toBe(0);
    });

    it("does not collect if V8 did so meanwhile", async () => {
      collectGarbage();
      await scene.pass(200_000);
      scene.runGuest();
      await scene.pass(2_000);
      expect(scene.provoked).toEqual([]);
      expect(scene.reclaimer.snapshot().state).toBe("resting");
    });
  });

  it("goes on collecting after one during which the clock was set forward", async () => {
    expect(scene.reclaimer.probe()).toBe(true);
    scene.nowMs += 365 * 86_400_000;
    for (let n = 0; n < 5; n += 1) {
      scene.retire(MIB);
      await scene.pass(600_000);
      scene.runGuest();
      await scene.pass(3_000);
      expect(scene.retiredBytes).toBe(0);
    }
    expect(scene.provoked.length).toBe(6);
  });

  it("collects a memory that was released before the clock was set back, without waiting for it to catch up", async () => {
    scene.retire();
    scene.nowMs -= 3_600_000;
    scene.retire();
    await scene.pass(3_000);
    expect(scene.provoked.length).toBe(1);
    expect(scene.retiredBytes).toBe(0);
  });

  it("stops collecting for a memory that is still referenced, although the clock was set back", async () => {
    const kept = scene.retire();
    scene.nowMs -= 3_600_000;
    scene.retire();
    await scene.pass(60_000);
    expect(scene.provoked.length).toBeLessThanOrEqual(3);
    expect(scene.memory.snapshot().pinned).toEqual({ bytes: 64 * MIB, count: 1 });
    expect(kept).toBeDefined();
  });

  it("does nothing if V8 collects in time", async () => {
    scene.retire();
    collectGarbage();
    await scene.pass(10_000);
    expect(scene.provoked).toEqual([]);
  });

  it("recognizes a memory that is still referenced, and stops collecting for it alone", async () => {
    const kept = scene.retire();
    await scene.pass(60_000);
    expect(scene.provoked.length).toBe(2);
    expect(scene.memory.snapshot()).toMatchObject({
      retired: { bytes: 64 * MIB, count: 1 },
      pinned: { bytes: 64 * MIB, count: 1 },
    });
    // Forced collections work: one retained view is no reason to give them up for other memories.
    expect(scene.reclaimer.snapshot()).toMatchObject({ succeeded: 2, failuresInARow: 0, reason: "nothing_retired" });
    scene.retire();
    await scene.pass(5_000);
    expect(scene.retiredBytes).toBe(64 * MIB);
    expect(kept).toBeDefined();
  });

  it("gives up if forced collections have no effect", async () => {
    scene.collects = false;
    const kept = scene.retire();
    await scene.pass(60_000);
    expect(scene.provoked.length).toBe(3);
    expect(scene.timers).toEqual([]);
    expect(scene.reclaimer.snapshot()).toMatchObject({
      state: "resting",
      reason: "no_effect_here",
      succeeded: 0,
      failuresInARow: 3,
    });
    const logged = scene.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged.map(({ freedBytes, failuresInARow }) => [freedBytes, failuresInARow])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
    expect(scene.reclaimer.look(true)).toBe(false);
    expect(scene.reclaimer.probe()).toBe(false);
    expect(kept).toBeDefined();
  });

  it("checks again if a timer died with its object", async () => {
    scene.retire();
    scene.timers = [];
    scene.nowMs += 3_000;
    scene.retire();
    expect(scene.timers.length).toBe(1);
    await scene.pass(0);
    expect(scene.provoked.length).toBe(1);
  });

  it("continues after the clock was set back", async () => {
    expect(scene.reclaimer.probe()).toBe(true);
    scene.nowMs -= 3_600_000;
    expect(scene.reclaimer.probe()).toBe(true);
    expect(scene.provoked.length).toBe(2);
  });

  it("collects the memory of an evicted object once the object comes back", async () => {
    let target: object | undefined = {};
    const watched: CollectableMemory = {
      allocatedBytes: 16 * MIB,
      watchCollection: (registry, heldValue) => registry.register(target!, heldValue),
    };
    scene.memory.track(scene.owner, watched);
    target = undefined;
    await scene.pass(5_000);
    expect(scene.provoked).toEqual([]);
    const returned = scene.memory.owner("orders");
    expect(scene.memory.snapshot().unclaimed.bytes).toBe(16 * MIB);
    await scene.pass(5_000);
    expect(scene.provoked.length).toBe(1);
    expect(scene.memory.snapshot().unclaimed.bytes).toBe(0);
    expect(returned.number).not.toBe(scene.owner.number);
  });
});
