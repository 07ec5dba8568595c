import { type Family, type Labels, labelKey, type Series } from "./exposition.ts";
import { FILTER_PREFIX } from "./families.ts";

/** A filter may have many more (host-limits.ts), but every one is a series for each service. */
export const FILTER_METRICS_LIMITS = {
  /** Of one service. */
  metrics: 100,
  /** Characters of a name, without the prefix. */
  nameLength: 150,
} as const;

interface ServiceMetrics {
  readonly service: string;
  readonly filterMetrics: Readonly<Record<string, number>>;
}

/**
 * The filters' own metrics as families. Their names come from the filter, so they may hold anything: what Prometheus does not
 * allow in a name becomes `_`, and then a label `metric` has the name as it was, so that two names never become one series.
 */
export function filterFamilies(services: readonly ServiceMetrics[]): {
  readonly families: readonly Family[];
  /** How many of each service are left out. */
  readonly leftOut: readonly Series[];
} {
  const families = new Map<string, Map<string, Series>>();
  const leftOut = services.map(({ service, filterMetrics }): Series => {
    let left = 0;
    let shown = 0;
    for (const [metric, value] of Object.entries(filterMetrics)) {
      const name = allowedName(metric);
      const labels: Labels = name === metric ? { service } : { service, metric };
      const series = families.get(name) ?? new Map<string, Series>();
      const key = labelKey(labels);
      if (shown >= FILTER_METRICS_LIMITS.metrics || !Number.isFinite(value) || series.has(key)) {
        left += 1;
        continue;
      }
      shown += 1;
      families.set(name, series.set(key, { labels, value }));
    }
    return { labels: { service }, value: left };
  });
  return {
    families: [...families].map(([name, series]) => ({
      name: `${FILTER_PREFIX}${name}`,
      type: "untyped",
      help: "A metric of the filter, as it reports it since its object came into memory.",
      series: [...series.values()],
    })),
    leftOut,
  };
}

function allowedName(metric: string): string {
  return metric.replace(/[^a-zA-Z0-9_]/g, "_").slice(0, FILTER_METRICS_LIMITS.nameLength) || "_";
}
