import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import { SharedData } from "./shared-data.ts";
import { readSnapshot } from "./shared-data-snapshot.ts";

/** The overhead of an entry with a one-character key: two lengths of four bytes, and the key. */
const ENTRY_BYTES = 9;
const PLENTY = 1_000;

function dataOf(entries: Readonly<Record<string, number>>): SharedData {
  const data = new SharedData();
  for (const [key, length] of Object.entries(entries)) data.set(key, new Uint8Array(length).fill(length), 0);
  return data;
}

function keysIn(snapshot: Uint8Array): string[] | undefined {
  return readSnapshot(snapshot)?.map(([key]) => key);
}

function restored(snapshot: Uint8Array): SharedData {
  const data = new SharedData();
  expect(data.restore(snapshot)).toBe(true);
  return data;
}

describe("a snapshot of shared data", () => {
  it("restores keys and values, even empty and non-text ones", () => {
    const data = new SharedData();
    data.set("\x00\xff", Uint8Array.of(0, 255), 0);
    data.set("", Uint8Array.of(1), 0);
    data.set("empty", new Uint8Array(0), 0);
    const back = restored(data.snapshot(PLENTY));
    expect(back.get("\x00\xff")?.bytes).toEqual(Uint8Array.of(0, 255));
    expect(back.get("")?.bytes).toEqual(Uint8Array.of(1));
    expect(back.get("empty")?.bytes).toEqual(new Uint8Array(0));
    expect(back.get("empty")?.cas).toBeGreaterThan(0);
  });

  it("keeps the write order, so the oldest entry is dropped first", () => {
    const data = dataOf({ a: 1, b: 2, c: 3 });
    data.set("a", Uint8Array.of(9), 0);
    expect(keysIn(restored(data.snapshot(PLENTY)).snapshot(PLENTY))).toEqual(["b", "c", "a"]);
  });

  it("takes the newest entries first, and skips entries that do not fit", () => {
    const data = dataOf({ a: 10, b: 10, c: 200, d: 10 });
    expect(keysIn(data.snapshot(3 * (ENTRY_BYTES + 10)))).toEqual(["a", "b", "d"]);
    expect(keysIn(data.snapshot(3 * (ENTRY_BYTES + 10) - 1))).toEqual(["b", "d"]);
    expect(data.snapshot(0)).toHaveLength(0);
  });

  it("is not kept in memory by the values restored from it", () => {
    const [value] = [restored(dataOf({ a: 3 }).snapshot(PLENTY)).get("a")?.bytes];
    expect(value?.buffer.byteLength).toBe(3);
  });

  it("that was shortened or extended changes nothing", () => {
    const snapshot = dataOf({ a: 3, b: 4 }).snapshot(PLENTY);
    const data = new SharedData();
    for (const broken of [snapshot.subarray(0, -1), snapshot.subarray(0, 5), new Uint8Array([...snapshot, 0])]) {
      expect(data.restore(broken)).toBe(false);
    }
    expect(data.version).toBe(0);
  });

  it("with any bytes is read without an error, within the limits of shared data", () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 3, maxLength: 200 }), (snapshot) => {
        const data = new SharedData();
        expect(data.restore(snapshot)).toBe(readSnapshot(snapshot) !== undefined);
      }),
      { numRuns: 1_000 },
    );
    const data = new SharedData();
    data.restore(manyEntries(HOST_LIMITS.sharedDataEntries + 1));
    expect([data.get("0000"), data.get("0001")?.bytes]).toEqual([undefined, new Uint8Array(0)]);
  });
});

/** A snapshot of empty values; the keys count in base 36. */
function manyEntries(count: number): Uint8Array {
  const keyBytes = 4;
  const snapshot = new Uint8Array(count * (8 + keyBytes));
  const view = new DataView(snapshot.buffer);
  for (let n = 0; n < count; n += 1) {
    const at = n * (8 + keyBytes);
    view.setUint32(at, keyBytes);
    new TextEncoder().encodeInto(n.toString(36).padStart(keyBytes, "0"), snapshot.subarray(at + 8));
  }
  return snapshot;
}

describe("the version of shared data", () => {
  it("is 0 before the first write and changes with each write, but not with a refused one", () => {
    const data = new SharedData();
    expect(data.version).toBe(0);
    data.set("a", Uint8Array.of(1), 0);
    const { version } = data;
    expect(version).not.toBe(0);
    data.set("a", Uint8Array.of(1), 77);
    expect(data.version).toBe(version);
    data.set("a", Uint8Array.of(1), 0);
    expect(data.version).not.toBe(version);
  });
});
