import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { MemoryLedger, type MemoryRecord } from "./memory-ledger.ts";

/** A ledger with one owner and one memory. */
function withOne(bytes = MIB): { ledger: MemoryLedger; owner: number; record: MemoryRecord } {
  const ledger = new MemoryLedger();
  const owner = ledger.newOwner("orders", 0);
  return { ledger, owner, record: ledger.begin(owner, bytes, 0) };
}

describe("the memory ledger", () => {
  it("follows a memory through its life: live, grown, retired, collected", () => {
    const { ledger, owner, record } = withOne();
    ledger.report(record, 3 * MIB, 10);
    expect(ledger.totals("live")).toEqual({ bytes: 3 * MIB, count: 1 });
    expect(ledger.liveBytesOf(owner)).toBe(3 * MIB);

    ledger.retire(record, 4 * MIB, 20);
    expect(ledger.totals("live").count).toBe(0);
    expect(ledger.totals("retired")).toEqual({ bytes: 4 * MIB, count: 1 });
    expect(ledger.reclaimable).toEqual({ bytes: 4 * MIB, count: 1, oldestAtMs: 20 });

    ledger.collected(record);
    expect(ledger.heldBytes).toBe(0);
    expect(ledger.peakBytes).toBe(4 * MIB);
    // The callback has no clock: the next task supplies the time.
    expect(ledger.collections).toMatchObject({ bytes: 4 * MIB, count: 1, lastAtMs: null });
    ledger.stamp(320);
    expect(ledger.collections).toMatchObject({ lastAtMs: 320, lastReturnMs: 300, longestReturnMs: 300 });
  });

  it("counts memory as unclaimed when its object comes back from eviction", () => {
    const { ledger } = withOne();
    const returned = ledger.newOwner("orders", 50);
    ledger.begin(returned, 2 * MIB, 50);
    expect(ledger.totals("unclaimed")).toEqual({ bytes: MIB, count: 1 });
    expect(ledger.reclaimable.oldestAtMs).toBe(50);
    expect(ledger.totals("live").bytes).toBe(2 * MIB);
  });

  it("leaves other objects' memory alone then", () => {
    const { ledger } = withOne();
    ledger.newOwner("customers", 50);
    expect(ledger.totals("unclaimed").count).toBe(0);
  });

  it("counts memory as unclaimed when its owner is collected, and timestamps it in the next task", () => {
    const { ledger, owner } = withOne();
    ledger.disown(owner);
    expect(ledger.reclaimable).toEqual({ bytes: MIB, count: 1, oldestAtMs: undefined });
    ledger.stamp(70);
    expect(ledger.reclaimable.oldestAtMs).toBe(70);
  });

  it("counts a memory that was never released as collected: its object was evicted", () => {
    const { ledger, record } = withOne();
    ledger.collected(record);
    ledger.stamp(5);
    expect(ledger.totals("live").count).toBe(0);
    expect(ledger.collections).toMatchObject({ count: 1, lastAtMs: 5, lastReturnMs: null });
  });

  it("counts a memory as pinned if it survived two collections after its release", () => {
    const { ledger, record } = withOne();
    ledger.retire(record, MIB, 10);
    // In the task that released it, it may still be on the stack.
    ledger.survivedCollection(10);
    ledger.survivedCollection(11);
    expect(ledger.pinned.count).toBe(0);
    ledger.survivedCollection(12);
    expect(ledger.pinned).toEqual({ bytes: MIB, count: 1 });
    expect(ledger.reclaimable.bytes).toBe(0);
    expect(ledger.totals("retired").bytes).toBe(MIB);
  });

  it("counts a memory as pinned although the clock was set back after its release", () => {
    const { ledger, record } = withOne();
    ledger.retire(record, MIB, 1_000_000);
    for (const atMs of [10, 20, 30]) ledger.survivedCollection(atMs);
    expect(ledger.pinned).toEqual({ bytes: MIB, count: 1 });
  });

  it("knows which memory has long been idle, and which already was at the last collection", () => {
    const { ledger, record } = withOne();
    expect(ledger.idleBytes(0, -1)).toBe(MIB);
    expect(ledger.idleBytes(0, 0)).toBe(0);
    ledger.report(record, MIB, 100);
    expect(ledger.idleBytes(99, -1)).toBe(0);
  });

  it("always adds up, whatever happens in whatever order", () => {
    const step = fc.record({
      what: fc.constantFrom("own", "begin", "report", "retire", "disown", "collect", "survive", "stamp"),
      which: fc.nat(7),
      bytes: fc.nat(64).map((pages) => pages * 65_536),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new MemoryLedger();
        const owners = [ledger.newOwner("0", 0)];
        const records: MemoryRecord[] = [];
        let nowMs = 0;
        let began = 0;
        for (const { what, which, bytes } of steps) {
          nowMs += 1;
          const owner = owners[which % owners.length]!;
          const record = records[which % Math.max(1, records.length)];
          if (what === "own") owners.push(ledger.newOwner(String(which % 3), nowMs));
          if (what === "begin") {
            records.push(ledger.begin(owner, bytes, nowMs));
            began += 1;
          }
          if (what === "disown") ledger.disown(owner);
          if (what === "survive") ledger.survivedCollection(nowMs);
          if (what === "stamp") ledger.stamp(nowMs);
          if (record === undefined) continue;
          if (what === "report") ledger.report(record, bytes, nowMs);
          if (what === "retire") ledger.retire(record, bytes, nowMs);
          if (what === "collect") ledger.collected(record);

          const [live, retired, unclaimed] = [
            ledger.totals("live"),
            ledger.totals("retired"),
            ledger.totals("unclaimed"),
          ];
          expect(ledger.heldBytes).toBe(live.bytes + retired.bytes + unclaimed.bytes);
          expect(began).toBe(live.count + retired.count + unclaimed.count + ledger.collections.count);
          expect(ledger.reclaimable.bytes + ledger.pinned.bytes).toBe(retired.bytes + unclaimed.bytes);
          expect(ledger.peakBytes).toBeGreaterThanOrEqual(ledger.heldBytes);
        }
      }),
    );
  });
});
