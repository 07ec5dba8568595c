import { expect, it } from "vitest";
import { pointOf } from "../../../durable/directory/history-point.ts";
import { curvesOf, stacked } from "./curves.ts";
import { history, NOW_MS, serviceReport } from "./testing/figures.ts";

const at = (timeMs: number, changes: Parameters<typeof serviceReport>[0] = {}) =>
  pointOf(serviceReport({ atMs: timeMs, ...changes }));

it("all curves have as many values as times", () => {
  const { times, ...columns } = curvesOf([...history(), at(NOW_MS + 3_600_000)]);
  for (const column of Object.values(columns)) expect(column).toHaveLength(times.length);
});

it("rates are averages over the time between two points", () => {
  const { outbound, hitPercent, allowed } = curvesOf([
    at(0, { outbound: 0, requests: 400, hits: 0 }),
    at(10_000, { outbound: 50, requests: 500, hits: 80 }),
  ]);
  expect(outbound).toEqual([5, 5]);
  expect(hitPercent).toEqual([80, 80]);
  expect(allowed).toEqual([0, 0]);
});

it("without requests there is no hit rate, and without calls no latency", () => {
  const { hitPercent, p50Ms, p95Ms } = curvesOf([at(0), at(10_000)]);
  expect([hitPercent[1], p50Ms[1], p95Ms[1]]).toEqual([null, null, null]);
});

it("a sleep is a gap", () => {
  const { times, allocatedBytes, outbound } = curvesOf([at(0), at(60_000), at(3_600_000)]);
  expect(times).toHaveLength(4);
  expect(allocatedBytes.map((bytes) => bytes !== null)).toEqual([true, true, false, true]);
  expect(outbound).toEqual([0, null, null, null]);
});

it("an interval with calls between two without is drawn from its begin to its end", () => {
  const { times, hitPercent, allocatedBytes } = curvesOf([
    at(0, { requests: 0, hits: 0 }),
    at(10_000, { requests: 0, hits: 0 }),
    at(20_000, { requests: 10, hits: 5 }),
    at(30_000, { requests: 10, hits: 5 }),
  ]);
  expect(times).toEqual([0, 10, 20, 20.001, 30]);
  expect(hitPercent).toEqual([null, 50, 50, null, null]);
  expect(allocatedBytes).not.toContain(null);
});

it("totals that began anew give no rate", () => {
  const lost = at(10_000, { countsSinceMs: 5_000, outbound: 3 });
  expect(curvesOf([at(0, { countsSinceMs: 0, outbound: 900 }), lost]).outbound).toEqual([null, null]);
});

it("points of one moment give no rate", () => {
  expect(curvesOf([at(0), at(0, { outbound: 9_999 })]).outbound).toEqual([null, null]);
});

it("without points there are no curves", () => {
  expect(curvesOf([]).times).toEqual([]);
});

it("stacked areas lie on top of each other, and a gap in one is a gap in those above", () => {
  expect(
    stacked([
      [1, 2, null],
      [10, null, 30],
      [100, 200, 300],
    ]),
  ).toEqual([
    [1, 2, null],
    [11, null, null],
    [111, null, null],
  ]);
});
