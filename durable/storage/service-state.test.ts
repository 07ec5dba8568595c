import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { SharedData } from "../../wasm/host/index.ts";
import { type ObjectStorage, type ServiceState, ServiceStateStore } from "./service-state.ts";
import { MAX_STORED_SHARED_DATA_BYTES } from "./stored-shared-data.ts";

const MINUTE = 60_000;
const NOW_MS = 1_000_000;

/** Storage that outlives the lives of one object. */
class Disk {
  readonly values = new Map<string, unknown>();
  /** The keys of each write. */
  readonly writes: string[][] = [];
  syncs = 0;
  /** Fails all writes. */
  isFull = false;
  readonly #storage: ObjectStorage = {
    kv: {
      get: (key) => this.values.get(key),
      put: (key, value) => this.values.set(key, value),
      delete: (key) => this.values.delete(key),
    },
    put: async (entries) => {
      this.writes.push(Object.keys(entries));
      if (this.isFull) throw new Error("quota exceeded");
      for (const [key, value] of Object.entries(entries)) this.values.set(key, structuredClone(value));
    },
    sync: async () => {
      this.syncs += 1;
    },
  };

  /** Starts a new life of the object. */
  life(configVersion = "v1", nowMs = NOW_MS): { state: ServiceStateStore; kept: ServiceState } {
    const state = new ServiceStateStore(this.#storage);
    return { state, kept: state.read(configVersion, new SharedData(), nowMs) };
  }
}

function set(kept: ServiceState, key: string, ...bytes: number[]): void {
  kept.sharedData.set(key, Uint8Array.from(bytes), 0);
}

/** A disk with shared data from an earlier life. */
function written(): Disk {
  const disk = new Disk();
  const { state, kept } = disk.life();
  set(kept, "a", 1);
  set(kept, "b", 2);
  state.writeIfDue(NOW_MS, kept);
  return disk;
}

describe("stored state", () => {
  it("is written at most once a minute over all lives", () => {
    const disk = new Disk();
    const first = disk.life();
    first.state.writeIfDue(NOW_MS, first.kept);
    first.state.writeIfDue(NOW_MS + MINUTE - 1, first.kept);
    const second = disk.life();
    second.state.writeIfDue(NOW_MS + MINUTE - 1, second.kept);
    expect(disk.writes).toHaveLength(1);
    second.state.writeIfDue(NOW_MS + MINUTE, second.kept);
    expect(disk.writes).toHaveLength(2);
  });
});

describe("stored facts", () => {
  it("are written at once, without what is large and changes all the time", () => {
    const disk = written();
    const { state, kept } = disk.life();
    kept.counters.traps += 1;
    state.writeFacts(NOW_MS, kept);
    expect(disk.writes.at(-1)).toEqual(["learned", "counters"]);
    expect(disk.life().kept.counters.traps).toBe(1);
  });
});

describe("counts that are shown", () => {
  const later = NOW_MS + 5 * MINUTE;

  beforeAll(() => {
    const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
    return () => silenced.mockRestore();
  });

  it("are stored first, and only if they have changed", async () => {
    const disk = written();
    const { state, kept } = disk.life();
    kept.counters.requests = 7;
    const shown = await state.storedCounts(NOW_MS + 10, kept);
    expect(shown).toMatchObject({ counters: { requests: 7 }, sinceMs: NOW_MS, storedAtMs: NOW_MS + 10 });
    expect([disk.writes.at(-1), disk.syncs]).toEqual([["counters"], 1]);
    expect(await state.storedCounts(NOW_MS + 20, kept)).toEqual(shown);
    expect([disk.writes.length, disk.syncs]).toEqual([2, 1]);
    expect(disk.life("v1", later).kept.counters.requests).toBe(7);
  });

  it("are on disk although the write that took them did not wait", async () => {
    const disk = new Disk();
    const { state, kept } = disk.life();
    kept.counters.requests = 3;
    state.writeIfDue(NOW_MS, kept);
    await Promise.resolve();
    expect((await state.storedCounts(NOW_MS, kept)).counters.requests).toBe(3);
    expect(disk.syncs).toBe(1);
  });

  it("hold since the first life, also if nothing was ever counted", async () => {
    const disk = new Disk();
    const first = disk.life();
    expect(await first.state.storedCounts(NOW_MS, first.kept)).toMatchObject({ sinceMs: NOW_MS });
    const second = disk.life("v1", later);
    expect(await second.state.storedCounts(later, second.kept)).toMatchObject({ sinceMs: NOW_MS, storedAtMs: NOW_MS });
    expect(disk.writes).toHaveLength(1);
  });

  it("stay as they are stored while the storage fails, and follow when it works again", async () => {
    const disk = written();
    const { state, kept } = disk.life();
    kept.counters.requests = 7;
    disk.isFull = true;
    expect(await state.storedCounts(later, kept)).toMatchObject({ counters: { requests: 0 }, storedAtMs: NOW_MS });
    expect(state.countsNow(kept).counters.requests).toBe(7);
    expect(disk.life().kept.counters.requests).toBe(0);
    disk.isFull = false;
    expect(await state.storedCounts(later, kept)).toMatchObject({ counters: { requests: 7 }, storedAtMs: later });
  });

  it("include a restart whose own write failed", async () => {
    const disk = written();
    const { state, kept } = disk.life();
    const restarted = { ...kept, learned: { ...kept.learned, restartCount: 1 } };
    disk.isFull = true;
    state.writeFacts(NOW_MS, restarted);
    expect((await state.storedCounts(NOW_MS, restarted)).restartCount).toBe(0);
    disk.isFull = false;
    expect((await state.storedCounts(NOW_MS, restarted)).restartCount).toBe(1);
    expect(disk.life().kept.learned.restartCount).toBe(1);
  });

  it("begin anew, and say so, if the stored ones cannot be read", async () => {
    for (const unreadable of [undefined, null, 7, "text", [], {}, { requests: 5 }, { requests: 5, sinceMs: -1 }]) {
      const disk = written();
      disk.values.set("counters", unreadable);
      const { state, kept } = disk.life("v1", later);
      expect(await state.storedCounts(later, kept)).toMatchObject({ counters: { requests: 0 }, sinceMs: later });
    }
  });

  it("keep the number of restarts if only the log of restarts cannot be read", async () => {
    const disk = written();
    const { state, kept } = disk.life();
    state.writeFacts(NOW_MS, { ...kept, learned: { ...kept.learned, restartCount: 4 } });
    disk.values.set("learned", "no JSON");
    const next = disk.life();
    expect(next.kept.learned.restartCount).toBe(4);
    expect((await next.state.storedCounts(NOW_MS, next.kept)).restartCount).toBe(4);
  });

  it("never go back, whatever is counted, shown, lost and refused", async () => {
    const step = fc.constantFrom("count", "restart", "minute", "show", "evict", "full", "works");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const disk = new Disk();
        let nowMs = NOW_MS;
        let life = disk.life("v1", nowMs);
        let learned = life.kept.learned;
        let shown = { requests: 0, restarts: 0 };
        for (const kind of steps) {
          nowMs += 1_000;
          const kept = { ...life.kept, learned };
          if (kind === "count") kept.counters.requests += 1;
          if (kind === "full" || kind === "works") disk.isFull = kind === "full";
          if (kind === "minute") {
            nowMs += MINUTE;
            life.state.writeIfDue(nowMs, kept);
          }
          if (kind === "restart") {
            learned = { ...learned, restartCount: learned.restartCount + 1 };
            life.state.writeFacts(nowMs, { ...kept, learned });
          }
          if (kind === "evict") {
            life = disk.life("v1", nowMs);
            learned = life.kept.learned;
          }
          if (kind === "show") {
            const counts = await life.state.storedCounts(nowMs, kept);
            const next = { requests: counts.counters.requests, restarts: counts.restartCount };
            expect(next.requests).toBeGreaterThanOrEqual(shown.requests);
            expect(next.restarts).toBeGreaterThanOrEqual(shown.restarts);
            shown = next;
          }
        }
      }),
    );
  });
});

describe("stored shared data", () => {
  it("is restored in the next life, in the order of writing", () => {
    const { kept } = written().life();
    expect(kept.sharedData.get("a")?.bytes).toEqual(Uint8Array.of(1));
    expect(kept.sharedData.snapshot(10)).toEqual(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 98, 2));
  });

  it("is not written if there is none", () => {
    const disk = new Disk();
    const { state, kept } = disk.life();
    state.writeIfDue(NOW_MS, kept);
    expect(disk.writes).toEqual([["learned", "samples", "writtenAtMs", "counters"]]);
  });

  it("is rewritten only if it has changed, in this life or another", () => {
    const disk = written();
    const { state, kept } = disk.life();
    state.writeIfDue(NOW_MS + MINUTE, kept);
    expect(disk.writes.at(-1)).not.toContain("sharedData");
    set(kept, "a", 3);
    state.writeIfDue(NOW_MS + 2 * MINUTE - 1, kept);
    state.writeIfDue(NOW_MS + 2 * MINUTE, kept);
    state.writeIfDue(NOW_MS + 3 * MINUTE, kept);
    expect(disk.writes.map((keys) => keys.includes("sharedData"))).toEqual([true, false, true, false]);
    expect(disk.life().kept.sharedData.get("a")?.bytes).toEqual(Uint8Array.of(3));
  });

  it("is limited in size, newest first", () => {
    const disk = new Disk();
    const { state, kept } = disk.life();
    for (let n = 0; n < 10; n += 1) kept.sharedData.set(String(n), new Uint8Array(MAX_STORED_SHARED_DATA_BYTES / 4), 0);
    state.writeIfDue(NOW_MS, kept);
    const back = disk.life().kept.sharedData;
    const keys = Array.from({ length: 10 }, (_, n) => String(n));
    expect(keys.filter((key) => back.get(key) !== undefined)).toEqual(["7", "8", "9"]);
  });

  it("is removed, not restored, under another configuration", () => {
    const disk = written();
    expect(disk.life("v2").kept.sharedData.version).toBe(0);
    expect(disk.values.has("sharedData")).toBe(false);
    expect(disk.life("v1").kept.sharedData.version).toBe(0);
  });

  it("is read without an error whatever is stored, and removed if unreadable", () => {
    const stored = { v: 1, configVersion: "v1", snapshot: new Uint8Array(0) };
    const hostile = fc.oneof(
      fc.anything(),
      fc.record({ v: fc.anything(), configVersion: fc.constant("v1"), snapshot: fc.uint8Array() }),
      fc.record({ v: fc.constant(1), configVersion: fc.constant("v1"), snapshot: fc.anything() }),
      fc.constantFrom<unknown>(
        { ...stored, v: 2 },
        { ...stored, snapshot: Uint8Array.of(0, 0, 0, 9) },
        { ...stored, snapshot: new Uint8Array(MAX_STORED_SHARED_DATA_BYTES + 8) },
        { ...stored, snapshot: [0, 0, 0, 0, 0, 0, 0, 0] },
      ),
    );
    fc.assert(
      fc.property(
        hostile.filter((value) => value !== undefined),
        (value) => {
          const disk = new Disk();
          disk.values.set("sharedData", value);
          expect(disk.life().kept.sharedData.version).toBe(0);
          expect(disk.values.has("sharedData")).toBe(value instanceof Object && isEmptySnapshot(value));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Generated values may happen to have the form that we write. */
function isEmptySnapshot(value: object): boolean {
  const { v, snapshot } = value as { v?: unknown; snapshot?: unknown };
  return v === 1 && snapshot instanceof Uint8Array && snapshot.length === 0;
}
