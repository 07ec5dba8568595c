import { type HistoryPoint, type PointCounts, windowBase } from "../../durable/directory/history-point.ts";
import { CALL_RESULTS, type ClusterCalls } from "../../durable/metrics/call-counts.ts";
import { type LatencyCounts, quantileMs } from "../../durable/metrics/latency-histogram.ts";
import { ownEntry } from "../../durable/metrics/own-entry.ts";
import type { WindowCalls, WindowReport } from "./gateway-report.ts";

/**
 * What happened between the last point before a window and its newest point.
 * @param points oldest first, the newest of them the present figures
 * @returns undefined without any point
 */
export function windowReport(
  points: readonly HistoryPoint[],
  windowMs: number,
  nowMs: number,
): WindowReport | undefined {
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const sinceMs = nowMs - windowMs;
  const before = windowBase(points, last.countsSinceMs, sinceMs);
  const counts = countsBetween(before?.counts, last.counts);
  const clusters = Object.entries(last.clusters).map(
    ([name, calls]) => [name, callsBetween(before && ownEntry(before.clusters, name), calls)] as const,
  );
  return {
    windowMs,
    fromMs: Math.max(sinceMs, before?.timeMs ?? last.countsSinceMs),
    toMs: Math.max(sinceMs, last.timeMs),
    counts,
    hitRate: counts.decided === 0 ? null : Number((counts.hits / counts.decided).toPrecision(3)),
    clusters: Object.fromEntries(clusters),
  };
}

/** @param before undefined: since counting began */
export function countsBetween(before: PointCounts | undefined, after: PointCounts): PointCounts {
  const names = Object.keys(after) as (keyof PointCounts)[];
  return Object.fromEntries(names.map((name) => [name, grown(before?.[name], after[name])])) as unknown as PointCounts;
}

/** @param before undefined: since counting began */
export function callsBetween(before: ClusterCalls | undefined, after: ClusterCalls): WindowCalls {
  const latency = latencyBetween(before?.latency, after.latency);
  const results = CALL_RESULTS.flatMap((result) => {
    const count = grown(before?.results[result], after.results[result] ?? 0);
    return count === 0 ? [] : [[result, count] as const];
  });
  return {
    results: Object.fromEntries(results),
    p50Ms: quantileMs(latency, 0.5),
    p95Ms: quantileMs(latency, 0.95),
    waitP95Ms: quantileMs(latencyBetween(before?.wait, after.wait), 0.95),
  };
}

/** @param before undefined: since counting began */
export function latencyBetween(
  before: LatencyCounts | undefined,
  { counts }: LatencyCounts,
): Pick<LatencyCounts, "counts"> {
  return { counts: counts.map((count, index) => grown(before?.counts[index], count)) };
}

function grown(before: number | undefined, after: number): number {
  return Math.max(0, after - (before ?? 0));
}
