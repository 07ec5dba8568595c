import fc from "fast-check";
import { describe, expect, it } from "vitest";
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
  readonly #storage: ObjectStorage = {
    kv: {
      get: (key) => this.values.get(key),
      put: (key, value) => this.values.set(key, value),
      delete: (key) => this.values.delete(key),
    },
    put: async (entries) => {
      this.writes.push(Object.keys(entries));
      for (const [key, value] of Object.entries(entries)) this.values.set(key, structuredClone(value));
    },
  };

  /** Starts a new life of the object. */
  life(configVersion = "v1"): { state: ServiceStateStore; kept: ServiceState } {
    const state = new ServiceStateStore(this.#storage);
    return { state, kept: state.read(configVersion, new SharedData()) };
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
    expect(disk.writes).toEqual([["learned", "samples", "counters", "writtenAtMs"]]);
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
