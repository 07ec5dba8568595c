import type { DirectoryReport } from "../directory/service-report.ts";
import { type AnalyticsPoint, analyticsPoint } from "./analytics-point.ts";

/** The part of an Analytics Engine binding that is used. */
export interface Dataset {
  writeDataPoint(point: AnalyticsPoint): void;
}

/**
 * Writes the point for a report that the directory takes. Never throws: figures must not be lost for it.
 *
 * @param previous the service's report before; undefined if there is none
 */
export function writeAnalyticsPoint(
  dataset: Dataset,
  current: DirectoryReport,
  previous: DirectoryReport | undefined,
): void {
  try {
    const point = analyticsPoint(current, previous);
    if (point !== undefined) dataset.writeDataPoint(point);
  } catch (error) {
    console.error(`${current.report.name}: analytics_failed: ${String(error)} (/stats and /metrics go on)`);
  }
}
