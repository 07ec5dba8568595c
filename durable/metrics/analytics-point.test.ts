import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DirectoryReport, ServiceReport } from "../directory/service-report.ts";
import { answeringCluster, isolateReport, NOW_MS, serviceReport } from "../directory/testing/reports.ts";
import { ANALYTICS_COLUMNS, ANALYTICS_LIMITS, analyticsPoint } from "./analytics-point.ts";
import { CallCounter } from "./call-counts.ts";

function report(fields: Partial<ServiceReport> = {}): DirectoryReport {
  return { report: serviceReport(fields), isolate: isolateReport(), filterMetrics: {} };
}

/** The point's values by the meaning of their columns. */
function named(point: ReturnType<typeof analyticsPoint>): Record<string, string | number> {
  const blobs = ANALYTICS_COLUMNS.blobs.map(([meaning], index) => [meaning, point!.blobs[index]!]);
  const doubles = ANALYTICS_COLUMNS.doubles.map(([meaning], index) => [meaning, point!.doubles[index]!]);
  return Object.fromEntries([...blobs, ...doubles]);
}

function calls(durations: readonly number[]): CallCounter {
  const counter = new CallCounter();
  for (const ms of durations) counter.ended("2xx", ms);
  return counter;
}

describe("a point for Analytics Engine", () => {
  const before = report({
    atMs: NOW_MS - 60_000,
    requests: 100,
    hits: 90,
    restartCount: 2,
    decisions: { allowed: { cache: 90, server: 5 }, refused: { denied: 5 }, undecided: {} },
    clusters: { auth: answeringCluster({ calls: calls([5, 5]).snapshot() }) },
  });
  const now = report({
    atMs: NOW_MS,
    requests: 150,
    hits: 130,
    restartCount: 3,
    decisions: { allowed: { cache: 130, server: 8 }, refused: { denied: 12 }, undecided: {} },
    clusters: { auth: answeringCluster({ state: "suspected", calls: calls([5, 5, 40, 2_000]).snapshot() }) },
  });

  it("has what happened since the point before, and how things are", () => {
    expect(named(analyticsPoint(now, before))).toMatchObject({
      service: "orders",
      "worst state of its authorization servers": "suspected",
      "`enforce` or `report-only`": "enforce",
      "seconds since the point before": 60,
      requests: 50,
      allowed: 43,
      refused: 7,
      hits: 40,
      restarts: 1,
      "calls that were answered or timed out": 2,
      "seconds that these took together": 2.04,
      "95th percentile of these, in seconds": 2.35,
      "estimated TTL in seconds": 300,
    });
  });

  it("counts from zero if counting began anew in between", () => {
    const anew = report({ ...now.report, countsSinceMs: NOW_MS - 10_000, requests: 7, hits: 3 });
    expect(named(analyticsPoint(anew, before))).toMatchObject({ requests: 7, hits: 3 });
  });

  it("is made of a service's first report, but not of counts of long ago", () => {
    const first = report({ atMs: NOW_MS, countsSinceMs: NOW_MS - 30_000, requests: 7 });
    expect(named(analyticsPoint(first, undefined))).toMatchObject({
      requests: 7,
      "seconds since the point before": 30,
    });
    expect(analyticsPoint(now, undefined)).toBeUndefined();
  });

  it("is not made of reports in the wrong order, or of the same one twice", () => {
    expect(analyticsPoint(before, now)).toBeUndefined();
    expect(analyticsPoint(now, now)).toBeUndefined();
  });

  it("knows clusters that came and went", () => {
    const moved = report({ ...now.report, clusters: { other: answeringCluster({ calls: calls([40]).snapshot() }) } });
    expect(named(analyticsPoint(moved, before))).toMatchObject({ "calls that were answered or timed out": 1 });
    expect(named(analyticsPoint(report({ ...now.report, clusters: {} }), before))).toMatchObject({
      "worst state of its authorization servers": "none",
    });
  });

  it("stays within the limits of Analytics Engine, and has no negative number, whatever the figures", () => {
    const figures = fc.record({
      name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/),
      atMs: fc.nat(),
      countsSinceMs: fc.constantFrom(0, 1),
      requests: fc.nat(),
      ttlMs: fc.oneof(fc.nat(), fc.constant(Number.NaN)),
    });
    fc.assert(
      fc.property(figures, figures, (a, b) => {
        const point = analyticsPoint(report(a), report(b));
        if (point === undefined) return;
        expect(point.blobs.length).toBeLessThanOrEqual(ANALYTICS_LIMITS.blobs);
        expect(point.doubles.length).toBeLessThanOrEqual(ANALYTICS_LIMITS.doubles);
        expect(new TextEncoder().encode(point.indexes[0]).length).toBeLessThanOrEqual(ANALYTICS_LIMITS.indexBytes);
        expect(new TextEncoder().encode(point.blobs.join("")).length).toBeLessThanOrEqual(ANALYTICS_LIMITS.blobsBytes);
        expect(point.doubles.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      }),
    );
  });
});

it("docs/metrics.md lists the columns in their order", async () => {
  const page = await readFile("docs/metrics.md", "utf8");
  const listed = [...page.matchAll(/^\| `((?:blob|double)\d+)` \| (.*) \|$/gm)].map(([, column, meaning]) => [
    column,
    meaning,
  ]);
  expect(listed).toEqual([
    ...ANALYTICS_COLUMNS.blobs.map(([meaning], index) => [`blob${index + 1}`, meaning]),
    ...ANALYTICS_COLUMNS.doubles.map(([meaning], index) => [`double${index + 1}`, meaning]),
  ]);
});
