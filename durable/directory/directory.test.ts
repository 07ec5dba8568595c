import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StorageHealth } from "../storage/storage-health.ts";
import { Directory } from "./directory.ts";
import { Disk, reportOf } from "./testing/figures.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

function life(disk: Disk, services: readonly string[] = ["orders", "billing"], nowMs = NOW): Directory {
  return new Directory({ storage: disk, health: new StorageHealth(() => nowMs), services, nowMs: () => nowMs });
}

const requestsIn = (directory: Directory, service = "orders") =>
  directory.read({}).entries.find((entry) => entry.service === service)?.report.requests;

describe("the directory", () => {
  it("has the last figures of each service, in its next life too", () => {
    const disk = new Disk();
    const first = life(disk);
    first.report(reportOf("orders", NOW, 5));
    first.report(reportOf("orders", NOW + 1, 6));
    first.report(reportOf("billing", NOW, 7));
    for (const directory of [first, life(disk)]) {
      expect(requestsIn(directory)).toBe(6);
      expect(requestsIn(directory, "billing")).toBe(7);
      expect(directory.read({ services: ["billing"] }).entries).toHaveLength(1);
    }
  });

  it("ends with the newest figures, in whatever order reports come", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 1 }), (order) => {
        const directory = life(new Disk());
        for (const step of order) directory.report(reportOf("orders", NOW + step, step));
        expect(requestsIn(directory)).toBe(Math.max(...order));
        const times = directory.read({ sinceMs: 0 }).history.orders!.map(({ timeMs }) => timeMs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });

  it("takes figures again after a clock that was ahead", () => {
    const directory = life(new Disk());
    directory.report(reportOf("orders", NOW + DAY, 5));
    expect(directory.report(reportOf("orders", NOW, 6))).toBe(true);
    expect(requestsIn(directory)).toBe(6);
  });

  it("loses nothing for good with a report that is lost, because reports are totals", () => {
    const directory = life(new Disk());
    directory.report(reportOf("orders", NOW, 5));
    directory.report(reportOf("orders", NOW + 120_000, 9));
    const points = directory.read({ sinceMs: 0 }).history.orders!;
    expect(points.map(({ counts }) => counts.requests)).toEqual([5, 9]);
  });

  it("shows what it was told although its storage fails", () => {
    const disk = new Disk();
    disk.isFull = true;
    const directory = life(disk);
    directory.report(reportOf("orders", NOW, 5));
    expect(requestsIn(directory)).toBe(5);
  });

  it("does not forget a service that sleeps, nor at once one that is no longer configured", () => {
    const disk = new Disk();
    life(disk).report(reportOf("orders", NOW, 5));
    expect(requestsIn(life(disk, ["orders"], NOW + 90 * DAY))).toBe(5);
    expect(requestsIn(life(disk, [], NOW + DAY))).toBe(5);
    expect(requestsIn(life(disk, [], NOW + 31 * DAY))).toBeUndefined();
    expect([...disk.rows.keys()]).toEqual([]);
  });

  it("starts empty with what another version has stored, or what cannot be read", () => {
    const disk = new Disk();
    life(disk).report(reportOf("orders", NOW, 5));
    const [key] = [...disk.rows.keys()].filter((row) => row.startsWith("service:"));
    for (const garbage of [null, 7, {}, { v: 99, service: "orders", report: { atMs: NOW } }]) {
      disk.rows.set(key!, garbage);
      expect(life(disk).read({}).entries).toEqual([]);
    }
  });
});
