import type { CallsByCluster } from "../metrics/call-counts.ts";
import { decidedRequests } from "../metrics/counters.ts";
import { sumOf } from "../metrics/outcomes.ts";
import type { ServiceReport } from "./service-report.ts";

/** The figures of a service at one moment, for curves and windows. The counts are totals: two points give what happened between. */
export interface HistoryPoint {
  readonly timeMs: number;
  readonly generation: number;
  readonly allocatedBytes: number;
  readonly requiredBytes: number;
  readonly requiredRangeBytes: ServiceReport["requiredRangeBytes"];
  readonly baselineBytes: number;
  readonly ttlMs: number;
  /** Counts of two points are comparable if this is the same. */
  readonly countsSinceMs: number;
  readonly counts: PointCounts;
  readonly clusters: CallsByCluster;
}

/**
 * The point with whose totals the present ones are compared, to tell what happened since then: the last one before, or else the first.
 * @param points oldest first
 * @param countsSinceMs of the present totals
 * @returns undefined if counting began later, or there is no point
 */
export function windowBase(
  points: readonly HistoryPoint[],
  countsSinceMs: number,
  sinceMs: number,
): HistoryPoint | undefined {
  // Totals that began anew are not comparable with earlier ones.
  const comparable = points.filter((point) => point.countsSinceMs === countsSinceMs);
  const first = countsSinceMs >= sinceMs ? undefined : comparable[0];
  return comparable.findLast(({ timeMs }) => timeMs <= sinceMs) ?? first;
}

/** Totals since `countsSinceMs`. */
export interface PointCounts {
  readonly requests: number;
  /** Requests that got a decision, and those of them that needed no call. */
  readonly decided: number;
  readonly hits: number;
  readonly allowed: number;
  readonly refused: number;
  readonly undecided: number;
  readonly failedOpen: number;
  readonly outbound: number;
  readonly restarts: number;
  readonly traps: number;
}

export function pointOf(report: ServiceReport): HistoryPoint {
  const { decisions, clusters } = report;
  return {
    timeMs: report.atMs,
    generation: report.generation,
    allocatedBytes: report.allocatedBytes,
    requiredBytes: report.requiredBytes,
    requiredRangeBytes: report.requiredRangeBytes,
    baselineBytes: report.baselineBytes,
    ttlMs: report.ttlMs,
    countsSinceMs: report.countsSinceMs,
    counts: {
      requests: report.requests,
      decided: decidedRequests(report),
      hits: report.hits,
      allowed: sumOf(decisions.allowed),
      refused: sumOf(decisions.refused),
      undecided: sumOf(decisions.undecided),
      failedOpen: report.failedOpen,
      outbound: report.outbound,
      restarts: report.restartCount,
      traps: report.traps,
    },
    clusters: Object.fromEntries(Object.entries(clusters).map(([name, { calls }]) => [name, calls])),
  };
}
