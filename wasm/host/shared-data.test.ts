import { describe, expect, it } from "vitest";
import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { SharedData } from "./shared-data.ts";
import { createSharedState } from "./shared-state.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

describe("shared data", () => {
  it("gives every value a new number, never 0", () => {
    const data = new SharedData();
    data.set("a", bytes(1), 0);
    const first = data.get("a");
    data.set("a", bytes(2), 0);
    const second = data.get("a");
    expect(first?.cas).toBeGreaterThan(0);
    expect(second?.cas).not.toBe(first?.cas);
    expect([...(second?.bytes ?? [])]).toEqual([2]);
  });

  it("changes a value only with the current number", () => {
    const data = new SharedData();
    data.set("a", bytes(1), 0);
    const seen = data.get("a")?.cas ?? 0;
    expect(data.set("a", bytes(2), seen)).toBe(Status.OK);
    expect(data.set("a", bytes(3), seen)).toBe(Status.CAS_MISMATCH);
    expect([...(data.get("a")?.bytes ?? [])]).toEqual([2]);
  });

  it("accepts any number for a missing value, as Envoy does", () => {
    expect(new SharedData().set("a", bytes(1), 77)).toBe(Status.OK);
  });

  it("drops the entry with the oldest write when a limit is reached", () => {
    const data = new SharedData();
    const half = new Uint8Array(HOST_LIMITS.sharedDataBytes / 2 - 8);
    expect(data.set("a", half, 0)).toBe(Status.OK);
    expect(data.set("b", half, 0)).toBe(Status.OK);
    expect(data.set("a", bytes(1), 0)).toBe(Status.OK);
    expect(data.set("c", half, 0)).toBe(Status.OK);
    expect([data.get("a"), data.get("b"), data.get("c")].map((value) => value !== undefined)).toEqual([
      true,
      true,
      true,
    ]);
    expect(data.set("d", half, 0)).toBe(Status.OK);
    expect(["a", "b", "c", "d"].filter((key) => data.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  });

  it("holds no more entries than its limit", () => {
    const data = new SharedData();
    for (let n = 0; n <= HOST_LIMITS.sharedDataEntries; n++) data.set(String(n), bytes(1), 0);
    expect([data.get("0"), data.get("1")?.bytes]).toEqual([undefined, bytes(1)]);
  });

  it("refuses a value that alone exceeds the limit", () => {
    const data = new SharedData();
    expect(data.set("a", new Uint8Array(HOST_LIMITS.sharedDataBytes), 0)).toBe(Status.INTERNAL_FAILURE);
  });

  it("is separate for each VM id", () => {
    const state = createSharedState();
    state.dataOf("one").set("a", bytes(1), 0);
    expect(state.dataOf("two").get("a")).toBeUndefined();
    expect(state.dataOf("one").get("a")).toBeDefined();
  });

  it("starts empty once forgotten, for later instances only", () => {
    const state = createSharedState();
    const before = state.dataOf("one");
    before.set("a", bytes(1), 0);
    state.forgetDataOf("one");
    before.set("b", bytes(1), 0);
    expect(before.get("a")).toBeDefined();
    expect(state.dataOf("one").get("a") ?? state.dataOf("one").get("b")).toBeUndefined();
  });
});
