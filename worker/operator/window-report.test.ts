import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pointOf, windowBase } from "../../durable/directory/history-point.ts";
import { reportOf } from "../../durable/directory/testing/figures.ts";
import { windowReport } from "./window-report.ts";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;
const WINDOW = 15 * MINUTE;
const point = (minutesAgo: number, requests: number, countsSinceMs = 0) =>
  pointOf(reportOf("orders", NOW - minutesAgo * MINUTE, requests, { countsSinceMs }).report);

describe("a window", () => {
  it("has what happened since the last point before it", () => {
    const window = windowReport([point(40, 1), point(16, 10), point(14, 12), point(0, 30)], WINDOW, NOW)!;
    expect(window).toMatchObject({
      fromMs: NOW - 15 * MINUTE,
      toMs: NOW,
      counts: { requests: 20, allowed: 20 },
      hitRate: 0,
    });
    expect(window.clusters.auth).toMatchObject({ results: { "2xx": 20 } });
    expect(window.clusters.auth!.p95Ms).toBeGreaterThan(10);
  });

  it("is empty if the service has slept since before", () => {
    const window = windowReport([point(90, 5), point(60, 10)], WINDOW, NOW)!;
    expect(window).toMatchObject({ counts: { requests: 0 }, hitRate: null });
    expect(window.fromMs).toBeLessThanOrEqual(window.toMs);
    expect(window.clusters.auth).toMatchObject({ results: {}, p50Ms: null, p95Ms: null });
  });

  it("has everything if counting began within it, and says since when", () => {
    const since = NOW - 5 * MINUTE;
    const window = windowReport([point(4, 2, since), point(0, 9, since)], WINDOW, NOW)!;
    expect(window).toMatchObject({ fromMs: since, counts: { requests: 9 } });
  });

  it("does not compare totals that began anew, and never shows fewer than none", () => {
    const window = windowReport([point(20, 500), point(10, 600), point(0, 3, NOW - 2 * MINUTE)], WINDOW, NOW)!;
    expect(window.counts.requests).toBe(3);
  });

  it("says from when there are figures, if history is shorter", () => {
    const window = windowReport([point(10, 100), point(0, 130)], WINDOW, NOW)!;
    expect(window).toMatchObject({ fromMs: NOW - 10 * MINUTE, counts: { requests: 30 } });
  });

  it("needs only the point that it begins with, whatever else there is", () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 1, max: 65 }),
        (minutesAgo, begun, length) => {
          const oldestFirst = minutesAgo.toSorted((a, b) => b - a);
          const points = oldestFirst.map((ago) => point(ago, 100 - ago, ago <= begun ? NOW - begun * MINUTE : 0));
          const last = points.at(-1)!;
          const base = windowBase(points, last.countsSinceMs, NOW - length * MINUTE);
          const shorter = base === undefined || base === last ? [last] : [base, last];
          expect(windowReport(shorter, length * MINUTE, NOW)).toEqual(windowReport(points, length * MINUTE, NOW));
        },
      ),
    );
  });

  it("counts calls to a server that is new, whatever its name", () => {
    const [before, last] = [point(20, 10), point(0, 30)];
    const renamed = { ...last, clusters: { toString: last.clusters.auth! } };
    const window = windowReport([before, renamed], WINDOW, NOW)!;
    expect(window.clusters).toMatchObject({ toString: { results: last.clusters.auth!.results } });
  });

  it("is none without any point", () => {
    expect(windowReport([], WINDOW, NOW)).toBeUndefined();
  });
});
