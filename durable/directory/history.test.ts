import { describe, expect, it } from "vitest";
import { HISTORY, History } from "./history.ts";
import { pointOf } from "./history-point.ts";
import { Disk, reportOf } from "./testing/figures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_000 * HOUR;

function filled(hours: number, disk = new Disk()): { disk: Disk; history: History } {
  const history = new History(disk);
  for (let minute = 0; minute <= hours * 60; minute += 1) {
    history.add("orders", pointOf(reportOf("orders", START + minute * MINUTE, minute).report));
  }
  return { disk, history };
}

const timesOf = (points: readonly { timeMs: number }[]) => points.map(({ timeMs }) => (timeMs - START) / MINUTE);

describe("the history of a service", () => {
  it("has a point for each minute of the last hour at least", () => {
    const { history } = filled(5);
    const fine = timesOf(history.read("orders", START + 4 * HOUR));
    expect(fine).toEqual(Array.from({ length: 62 }, (_, index) => 239 + index));
  });

  it("has one for each quarter of an hour before, the last of it", () => {
    const { history } = filled(5);
    expect(timesOf(history.read("orders", START)).slice(0, 5)).toEqual([14, 29, 44, 59, 74]);
  });

  it("begins with the last point before the time asked for", () => {
    const { history } = filled(1);
    expect(timesOf(history.read("orders", START + 30.5 * MINUTE))[0]).toBe(30);
    expect(timesOf(history.read("orders", START + 9 * HOUR))).toEqual([60]);
  });

  it("reads no more rows than it needs", () => {
    const { disk, history } = filled(48);
    const before = disk.reads;
    expect(history.read("orders", START + 47.8 * HOUR).length).toBeGreaterThan(12);
    expect(disk.reads - before).toBeLessThanOrEqual(2);
  });

  it("stays bounded, in rows and points", () => {
    const { disk, history } = filled(50);
    expect(disk.rows.size).toBeLessThanOrEqual(HISTORY.keptMs / HOUR + 2);
    expect(history.read("orders", 0).length).toBeLessThanOrEqual(4 * 48 + 3 * 60);
  });

  it("writes one row for a point, but for the minute in which an hour begins", () => {
    const { disk, history } = filled(1);
    const before = disk.writes;
    for (let minute = 61; minute < 119; minute += 1) {
      history.add("orders", pointOf(reportOf("orders", START + minute * MINUTE, minute).report));
    }
    expect(disk.writes - before).toBe(58);
  });

  it("keeps services apart, also if one's name begins another's", () => {
    const { history } = filled(1);
    history.add("orders-eu", pointOf(reportOf("orders-eu", START, 1).report));
    expect(history.read("orders-eu", 0)).toHaveLength(1);
    history.forget("orders");
    expect(history.read("orders", 0)).toEqual([]);
    expect(history.read("orders-eu", 0)).toHaveLength(1);
  });

  it("survives rows that another version has written", () => {
    const { disk, history } = filled(1);
    for (const key of disk.rows.keys()) disk.rows.set(key, [null, 7, { timeMs: "x" }, { timeMs: 5 }]);
    expect(history.read("orders", 0)).toEqual([]);
  });
});
