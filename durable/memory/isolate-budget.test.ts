import { beforeEach, describe, expect, it, vi } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { RECLAIM_SETTINGS } from "../testing/settings.ts";
import type { ReclaimRequest } from "./budget-action.ts";
import { createIsolate, type Isolate } from "./isolate.ts";
import type { MemoryOwner, TrackedMemory } from "./isolate-memory.ts";

const MARKS = {
  highBytes: 10 * MIB,
  lowBytes: 8 * MIB,
  hardBytes: 14 * MIB,
  minBetweenMs: 1_000,
  minBetweenHardMs: 100,
  minGainBytes: MIB,
};

describe("the budget over all objects of the isolate", () => {
  let nowMs: number;
  let probes: number;
  let isolate: Isolate;
  let objects: Map<string, { owner: MemoryOwner; memory: TrackedMemory; bytes: number }>;
  let asked: [string, ReclaimRequest][];

  beforeEach(() => {
    nowMs = 1e6;
    probes = 0;
    objects = new Map();
    asked = [];
    const platform = { nowMs: () => nowMs, setTimer: () => {}, provoke: () => (probes += 1) };
    isolate = createIsolate(platform, RECLAIM_SETTINGS, MARKS);
  });

  /** An object that would free all but one MiB. */
  function grow(name: string, bytes: number, priceCalls = 10): void {
    const known = objects.get(name);
    const owner = known?.owner ?? isolate.memory.owner(name);
    const memory = known?.memory ?? isolate.memory.track(owner, { allocatedBytes: MIB, watchCollection: () => {} });
    objects.set(name, { owner, memory, bytes });
    memory.report(bytes);
    isolate.budget.report(owner, name, { gainBytes: bytes - MIB, evictionGainBytes: bytes - MIB, priceCalls });
  }

  const restart = async (name: string, relief: ReclaimRequest): Promise<void> => {
    asked.push([name, relief]);
    const { owner, memory, bytes } = objects.get(name)!;
    objects.delete(name);
    const fresh = isolate.memory.track(owner, { allocatedBytes: MIB, watchCollection: () => {} });
    memory.retired(bytes);
    objects.set(name, { owner, memory: fresh, bytes: MIB });
    isolate.budget.report(owner, name, { gainBytes: 0, evictionGainBytes: 0, priceCalls: 0 });
  };

  it("counts what the Worker keeps in the isolate too", () => {
    grow("a", 9 * MIB);
    expect(isolate.budget.isShort).toBe(false);
    isolate.memory.addEdgeBytes(2 * MIB);
    expect(isolate.budget.isShort).toBe(true);
    expect(isolate.memory.snapshot().edgeBytes).toBe(2 * MIB);
    isolate.memory.addEdgeBytes(-2 * MIB);
    expect(isolate.budget.isShort).toBe(false);
  });

  it("adds up the memory of all objects and asks the best ones to restart", async () => {
    grow("a", 4 * MIB);
    grow("b", 5 * MIB, 1_000);
    expect(isolate.budget.isShort).toBe(false);
    grow("c", 3 * MIB);
    expect(isolate.budget.isShort).toBe(true);
    await isolate.budget.reclaim(restart);
    // After c nothing more is needed: retired memory counts as about to be freed.
    expect(asked).toEqual([
      ["a", "restart"],
      ["c", "restart"],
    ]);
    expect(isolate.budget.snapshot()).toMatchObject({ reason: "relief_under_way", restartsAsked: 2, members: 3 });
    expect(probes).toBe(1);
  });

  it("evicts the largest at the hard mark", async () => {
    grow("a", 6 * MIB, 1);
    grow("b", 9 * MIB, 1e9);
    await isolate.budget.reclaim(restart);
    expect(asked[0]).toEqual(["b", "evict"]);
  });

  it("sends no second request to a member while one is unanswered", async () => {
    grow("a", 11 * MIB);
    const answers: (() => void)[] = [];
    const slow = (name: string, relief: ReclaimRequest): Promise<void> => {
      asked.push([name, relief]);
      return new Promise((resolve) => answers.push(resolve));
    };
    const reliefs = [isolate.budget.reclaim(slow), isolate.budget.reclaim(slow)];
    nowMs += 5_000;
    reliefs.push(isolate.budget.reclaim(slow));
    expect(asked.length).toBe(1);
    for (const answer of answers) answer();
    nowMs += 500;
    await Promise.all(reliefs.slice(1));
  });

  it("survives a member that cannot be asked, and asks it again later", async () => {
    grow("a", 11 * MIB);
    const fail = (): Promise<void> => Promise.reject(new Error("unreachable"));
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await isolate.budget.reclaim(fail);
    expect(log.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
      { event: "budget", service: "a", request: "restart", reason: "high_mark", error: "Error: unreachable" },
    ]);
    log.mockRestore();
    expect(isolate.budget.snapshot()).toMatchObject({ requestsFailed: 1, restartsAsked: 1 });
    await isolate.budget.reclaim(fail);
    expect(isolate.budget.snapshot().restartsAsked).toBe(1);
    nowMs += 1_000;
    await isolate.budget.reclaim(restart);
    expect(asked).toEqual([["a", "restart"]]);
  });

  it("checks once whether idle objects were evicted before it asks for restarts", async () => {
    grow("quiet", 6 * MIB);
    nowMs += 20_000;
    grow("busy", 5 * MIB);
    await isolate.budget.reclaim(restart);
    expect(asked).toEqual([]);
    expect(isolate.budget.snapshot()).toMatchObject({ reason: "quiet_objects", probes: 1 });
    nowMs += 3_000;
    await isolate.budget.reclaim(restart);
    expect(asked.length).toBeGreaterThan(0);
    expect(isolate.budget.snapshot().probes).toBe(1);
  });
});
