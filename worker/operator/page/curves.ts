import type { HistoryPoint } from "../../../durable/directory/history-point.ts";
import { quantileMs } from "../../../durable/metrics/latency-histogram.ts";
import { ownEntry } from "../../../durable/metrics/own-entry.ts";
import { countsBetween, latencyBetween } from "../window-report.ts";

type Column = (number | null)[];

/** The curves of one service. All columns have one length; null is a gap. */
export interface Curves {
  /** Seconds since 1970. */
  readonly times: number[];
  readonly allocatedBytes: Column;
  readonly requiredBytes: Column;
  readonly requiredFromBytes: Column;
  readonly requiredToBytes: Column;
  readonly baselineBytes: Column;
  /** Requests a second between a point and the one before it. */
  readonly allowed: Column;
  readonly refused: Column;
  readonly undecided: Column;
  readonly failedOpen: Column;
  /** From 0 to 100. */
  readonly hitPercent: Column;
  /** Calls to authorization servers a second. */
  readonly outbound: Column;
  readonly p50Ms: Column;
  readonly p95Ms: Column;
}

/** After a longer pause between two points the object slept: it held no memory, and a line across it would claim that it did. */
const SLEPT_MS = 20 * 60_000;

/**
 * Pure: points, oldest first, to columns. What happened between two points is an average over the time between them; it stands at the
 * first of the two, and the newest is repeated at the end.
 */
export function curvesOf(points: readonly HistoryPoint[]): Curves {
  const curves: Curves = {
    times: [],
    ...{ allocatedBytes: [], requiredBytes: [], requiredFromBytes: [], requiredToBytes: [], baselineBytes: [] },
    ...{ allowed: [], refused: [], undecided: [], failedOpen: [] },
    ...{ hitPercent: [], outbound: [], p50Ms: [], p95Ms: [] },
  };
  let last = NOT_KNOWN;
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    const hasSlept = before !== undefined && point.timeMs - before.timeMs > SLEPT_MS;
    const between = before === undefined || hasSlept ? NOT_KNOWN : betweenPoints(before, point);
    // A line ends at the last value before a gap. With a value at both of its ends, that of a single interval is seen too.
    const ends = BETWEEN.some((name) => last[name] !== null && between[name] === null);
    if (ends && !hasSlept) {
      const newest = curves.times.length - 1;
      const { timeMs } = before!;
      for (const name of BETWEEN) curves[name][newest] = last[name];
      addSizes(curves, { ...before!, timeMs: timeMs + 1 });
      for (const name of BETWEEN) curves[name].push(null);
    }
    last = between;
    for (const name of BETWEEN) if (index > 0) curves[name][curves[name].length - 1] = between[name];
    if (hasSlept) addGap(curves, before.timeMs + 1_000);
    addSizes(curves, point);
    for (const name of BETWEEN) curves[name].push(between[name]);
  }
  return curves;
}

function addSizes(curves: Curves, point: HistoryPoint): void {
  curves.times.push(point.timeMs / 1_000);
  curves.allocatedBytes.push(point.allocatedBytes);
  curves.requiredBytes.push(point.requiredBytes);
  curves.requiredFromBytes.push(point.requiredRangeBytes?.from ?? null);
  curves.requiredToBytes.push(point.requiredRangeBytes?.to ?? null);
  curves.baselineBytes.push(point.baselineBytes);
}

const BETWEEN = ["allowed", "refused", "undecided", "failedOpen", "hitPercent", "outbound", "p50Ms", "p95Ms"] as const;

type Between = Readonly<Record<(typeof BETWEEN)[number], number | null>>;

const NOT_KNOWN: Between = {
  ...{ allowed: null, refused: null, undecided: null, failedOpen: null },
  ...{ hitPercent: null, outbound: null, p50Ms: null, p95Ms: null },
};

function betweenPoints(before: HistoryPoint, point: HistoryPoint): Between {
  // Totals that began anew are not comparable.
  if (point.timeMs <= before.timeMs || before.countsSinceMs !== point.countsSinceMs) return NOT_KNOWN;
  const seconds = (point.timeMs - before.timeMs) / 1_000;
  const counts = countsBetween(before.counts, point.counts);
  const calls = callsOfAll(before, point);
  return {
    // What passed undecided counts as allowed too.
    allowed: Math.max(0, counts.allowed - counts.failedOpen) / seconds,
    refused: counts.refused / seconds,
    undecided: counts.undecided / seconds,
    failedOpen: counts.failedOpen / seconds,
    outbound: counts.outbound / seconds,
    hitPercent: counts.decided > 0 ? (100 * counts.hits) / counts.decided : null,
    p50Ms: quantileMs(calls, 0.5),
    p95Ms: quantileMs(calls, 0.95),
  };
}

/** Durations of the calls to all servers together. */
function callsOfAll(before: HistoryPoint, point: HistoryPoint): { counts: number[] } {
  const sums: number[] = [];
  for (const [name, { latency }] of Object.entries(point.clusters)) {
    for (const [bucket, count] of latencyBetween(ownEntry(before.clusters, name)?.latency, latency).counts.entries()) {
      sums[bucket] = (sums[bucket] ?? 0) + count;
    }
  }
  return { counts: sums };
}

function addGap(curves: Curves, timeMs: number): void {
  for (const [name, column] of Object.entries(curves) as [keyof Curves, Column][]) {
    column.push(name === "times" ? timeMs / 1_000 : null);
  }
}

/** Columns added on top of each other, for stacked areas: the first is the lowest. A gap in one is a gap in all. */
export function stacked(columns: readonly Column[]): Column[] {
  const sums: Column = [];
  return columns.map((column) =>
    column.map((value, index) => {
      const below = sums[index] === undefined ? 0 : sums[index];
      const sum = value === null || below === null ? null : value + below;
      sums[index] = sum;
      return sum;
    }),
  );
}
