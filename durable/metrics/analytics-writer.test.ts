import { afterEach, expect, it, vi } from "vitest";
import { Directory } from "../directory/directory.ts";
import { Disk } from "../directory/testing/figures.ts";
import { isolateReport, NOW_MS, serviceReport } from "../directory/testing/reports.ts";
import { StorageHealth } from "../storage/storage-health.ts";
import { ANALYTICS_COLUMNS } from "./analytics-point.ts";
import { writeAnalyticsPoint } from "./analytics-writer.ts";

const current = {
  report: serviceReport({ atMs: NOW_MS, countsSinceMs: NOW_MS - 30_000 }),
  isolate: isolateReport(),
  filterMetrics: {},
};

afterEach(() => vi.restoreAllMocks());

it("writes a point", () => {
  const writeDataPoint = vi.fn();
  writeAnalyticsPoint({ writeDataPoint }, current, undefined);
  expect(writeDataPoint).toHaveBeenCalledExactlyOnceWith({
    indexes: ["orders"],
    blobs: expect.any(Array),
    doubles: expect.any(Array),
  });
});

it("writes none where nothing can be said", () => {
  const writeDataPoint = vi.fn();
  writeAnalyticsPoint({ writeDataPoint }, current, current);
  expect(writeDataPoint).not.toHaveBeenCalled();
});

it("a dataset that refuses a point is logged, and nothing else fails", () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const writeDataPoint = () => {
    throw new TypeError("too many data points");
  };
  writeAnalyticsPoint({ writeDataPoint }, current, undefined);
  expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("orders: analytics_failed: TypeError: too many"));
});

it("the directory gives each report that it takes, with the one before, in its next life too", () => {
  const written: number[] = [];
  const requests = ANALYTICS_COLUMNS.doubles.findIndex(([meaning]) => meaning === "requests");
  const disk = new Disk();
  const life = () =>
    new Directory({
      storage: disk,
      health: new StorageHealth(() => NOW_MS),
      services: ["orders"],
      nowMs: () => NOW_MS,
      onReport: (now, before) =>
        writeAnalyticsPoint({ writeDataPoint: ({ doubles }) => written.push(doubles[requests]!) }, now, before),
    });
  const reportOf = (atMs: number, count: number) => ({ ...current, report: serviceReport({ atMs, requests: count }) });
  const first = life();
  first.report(reportOf(NOW_MS - 3_000, 5));
  first.report(reportOf(NOW_MS - 2_000, 8));
  first.report(reportOf(NOW_MS - 2_500, 6));
  life().report(reportOf(NOW_MS - 1_000, 15));
  expect(written).toEqual([3, 7]);
});
