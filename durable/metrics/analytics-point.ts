import type { DirectoryReport, ServiceReport } from "../directory/service-report.ts";
import { SERVER_STATES } from "../outbound/reachability.ts";
import { LATENCY_BOUNDS_MS, quantileMs } from "./latency-histogram.ts";
import { sumOf } from "./outcomes.ts";
import { ownEntry } from "./own-entry.ts";

/** https://developers.cloudflare.com/analytics/analytics-engine/limits/ */
export const ANALYTICS_LIMITS = { blobs: 20, doubles: 20, indexes: 1, indexBytes: 96, blobsBytes: 16_384 } as const;

/** What Analytics Engine stores of a service and a minute. */
export interface AnalyticsPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/**
 * The columns, in order. They are stored for months, so a column never changes its meaning: new ones come at the end.
 * docs/metrics.md lists them; a test compares.
 */
export const ANALYTICS_COLUMNS = {
  blobs: [
    ["service", ({ report }) => report.name],
    ["version of the service's configuration", ({ report }) => report.configVersion],
    ["isolate", ({ report }) => report.isolateId],
    ["worst state of its authorization servers", ({ report }) => worstState(report)],
    ["`enforce` or `report-only`", ({ report }) => report.enforcement.mode],
  ],
  doubles: [
    ["seconds since the point before", ({ report, before }) => seconds(report.atMs - before.atMs)],
    ["requests", grown(({ requests }) => requests)],
    ["allowed", grown(({ decisions }) => sumOf(decisions.allowed))],
    ["refused", grown(({ decisions }) => sumOf(decisions.refused))],
    ["undecided", grown(({ undecided }) => undecided)],
    ["hits", grown(({ hits }) => hits)],
    ["passed because a gate was open", grown(({ failedOpen }) => failedOpen)],
    ["passed because the service only reports", grown(({ reportOnly }) => reportOnly)],
    ["calls to authorization servers", grown(({ outbound }) => outbound)],
    ["calls that were answered or timed out", ({ took }) => took.counts.reduce((sum, count) => sum + count, 0)],
    ["seconds that these took together", ({ took }) => seconds(took.sumMs)],
    ["95th percentile of these, in seconds", ({ took }) => seconds(quantileMs(took, 0.95) ?? 0)],
    ["cached decisions evicted", grown(({ evicted }) => evicted)],
    ["restarts", grown(({ restartCount }) => restartCount)],
    ["traps", grown(({ traps }) => traps)],
    ["allocated bytes", ({ report }) => report.allocatedBytes],
    ["required bytes", ({ report }) => report.requiredBytes],
    ["estimated TTL in seconds", ({ report }) => seconds(report.ttlMs)],
    ["bytes held by all filters of the isolate", ({ isolate }) => isolate.budget.heldBytes],
  ],
} as const satisfies {
  blobs: readonly (readonly [meaning: string, value: (between: Between) => string])[];
  doubles: readonly (readonly [meaning: string, value: (between: Between) => number])[];
};

/** A first report younger than this is counted whole. */
const YOUNG_MS = 10 * 60_000;

/** Two reports of a service. */
interface Between {
  readonly report: ServiceReport;
  readonly isolate: DirectoryReport["isolate"];
  readonly before: Pick<ServiceReport, "atMs">;
  /** Undefined: counting began after it, so the report's counts are the differences. */
  readonly countsBefore: ServiceReport | undefined;
  /** Durations of the calls between them. */
  readonly took: { readonly counts: readonly number[]; readonly sumMs: number };
}

/**
 * What happened in a service between two reports to the directory. Pure.
 *
 * @param previous the report before, as the directory has it; undefined if there is none
 * @returns undefined if nothing can be said: the reports are in the wrong order, or there is only one, and its counts are of long ago
 */
export function analyticsPoint(
  current: DirectoryReport,
  previous: DirectoryReport | undefined,
): AnalyticsPoint | undefined {
  const { report, isolate } = current;
  const { countsSinceMs, atMs } = report;
  if (previous === undefined && atMs - countsSinceMs > YOUNG_MS) return undefined;
  if (previous !== undefined && previous.report.atMs >= atMs) return undefined;
  const isSameCounting = previous?.report.countsSinceMs === countsSinceMs;
  const countsBefore = isSameCounting ? previous?.report : undefined;
  const before = previous?.report ?? { atMs: countsSinceMs };
  const between: Between = { report, isolate, before, countsBefore, took: callsBetween(report, countsBefore) };
  return {
    indexes: [report.name],
    blobs: ANALYTICS_COLUMNS.blobs.map(([, value]) => value(between)),
    doubles: ANALYTICS_COLUMNS.doubles.map(([, value]) => finite(value(between))),
  };
}

function grown(count: (report: ServiceReport) => number): (between: Between) => number {
  return ({ report, countsBefore }) => difference(count(report), countsBefore === undefined ? 0 : count(countsBefore));
}

/** A cluster that the configuration no longer has may be missing in one of them. */
function callsBetween(report: ServiceReport, before: ServiceReport | undefined): Between["took"] {
  const counts = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  let sumMs = 0;
  for (const [name, { calls }] of Object.entries(report.clusters)) {
    const earlier = (before && ownEntry(before.clusters, name))?.calls.latency;
    for (const [index, count] of calls.latency.counts.entries()) {
      if (index < counts.length) counts[index]! += difference(count, earlier?.counts[index] ?? 0);
    }
    sumMs += difference(calls.latency.sumMs, earlier?.sumMs ?? 0);
  }
  return { counts, sumMs };
}

function worstState({ clusters }: ServiceReport): string {
  const worst = Math.max(-1, ...Object.values(clusters).map(({ state }) => SERVER_STATES.indexOf(state)));
  return SERVER_STATES[worst] ?? "none";
}

function difference(now: number, before: number): number {
  return Math.max(0, now - before);
}

function seconds(ms: number): number {
  return ms / 1_000;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
