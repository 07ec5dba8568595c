import type { HistoryPoint } from "../../../durable/directory/history-point.ts";

/**
 * Adds the newest point and drops what has left the window, but for the last point before it. While points come every few seconds,
 * they are kept `stepMs` apart: the newest one replaces its predecessor until that is old enough.
 */
export function withPoint(
  points: readonly HistoryPoint[],
  newest: HistoryPoint,
  windowMs: number,
  stepMs: number,
): HistoryPoint[] {
  const last = points.at(-1);
  // Figures of another life of the object can be older than what is shown.
  if (last !== undefined && newest.timeMs <= last.timeMs) return [...points];
  const beforeLast = points.at(-2);
  const replaces = beforeLast !== undefined && last!.timeMs - beforeLast.timeMs < stepMs;
  const kept = [...(replaces ? points.slice(0, -1) : points), newest];
  const fromMs = newest.timeMs - windowMs;
  const firstInside = kept.findIndex(({ timeMs }) => timeMs > fromMs);
  return kept.slice(Math.max(0, firstInside - 1));
}
