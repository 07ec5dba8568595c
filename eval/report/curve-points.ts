import { average } from "./average.ts";
import { isKnown, type MaybeNumber } from "./text.ts";

export interface CurvePoint {
  readonly timeMs: number;
  readonly value: number;
}

/**
 * Divides the time into `buckets` and keeps at most four points of each: the first, the lowest, the highest and the last.
 * This preserves short peaks and restarts. Unknown values are left out.
 */
export function thinned(timesMs: readonly number[], values: readonly MaybeNumber[], buckets: number): CurvePoint[] {
  return bucketsOf(timesMs, values, buckets).flatMap((points) => {
    const lowest = points.reduce((least, point) => (point.value < least.value ? point : least));
    const highest = points.reduce((most, point) => (point.value > most.value ? point : most));
    const kept = new Set([points[0]!, lowest, highest, points.at(-1)!]);
    return [...kept].toSorted((a, b) => a.timeMs - b.timeMs);
  });
}

/** Divides the time into `buckets` and returns the mean time and mean value of each. */
export function averaged(timesMs: readonly number[], values: readonly MaybeNumber[], buckets: number): CurvePoint[] {
  return bucketsOf(timesMs, values, buckets).map((points) => ({
    timeMs: average(points.map(({ timeMs }) => timeMs)),
    value: average(points.map(({ value }) => value)),
  }));
}

function bucketsOf(timesMs: readonly number[], values: readonly MaybeNumber[], buckets: number): CurvePoint[][] {
  const points = timesMs.flatMap((timeMs, index) => {
    const value = values[index];
    return isKnown(timeMs) && isKnown(value) ? [{ timeMs, value }] : [];
  });
  const firstMs = points[0]?.timeMs ?? 0;
  const bucketMs = Math.max(1, ((points.at(-1)?.timeMs ?? 0) - firstMs) / buckets);
  const groups = Map.groupBy(points, ({ timeMs }) => Math.min(buckets - 1, Math.floor((timeMs - firstMs) / bucketMs)));
  return [...groups.values()];
}
