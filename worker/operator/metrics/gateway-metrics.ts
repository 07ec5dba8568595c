import type { Gateway, Service } from "../../../config/index.ts";
import type { DirectoryEntry } from "../../../durable/directory/directory-rpc.ts";
import { type Family, formatFamilies, type Series } from "./exposition.ts";
import { describe, FAMILY_NAMES, type FamilyName } from "./families.ts";
import { filterFamilies } from "./filter-families.ts";
import { isolateSeries } from "./isolate-series.ts";
import { serviceSeries } from "./service-series.ts";

export interface MetricsInput {
  readonly gateway: Pick<Gateway, "version" | "services">;
  /** What this environment lacks. */
  readonly problems: readonly string[];
  /** The newest figures; of services that the configuration does not have, none are shown. */
  readonly entries: readonly DirectoryEntry[];
  readonly nowMs: number;
}

/** A series, and the family it belongs to. */
export type NamedSeries = readonly [name: FamilyName, series: Series];

/** All figures in Prometheus' text format. Pure. */
export function gatewayMetrics({ gateway, problems, entries, nowMs }: MetricsInput): string {
  const services = new Map(gateway.services.map((service) => [service.name, service]));
  const known = entries.flatMap((entry) => {
    const service = services.get(entry.service);
    return service === undefined ? [] : [{ ...entry, service }];
  });
  const byFamily = new Map<FamilyName, Series[]>(FAMILY_NAMES.map((name) => [name, []]));
  const all: Iterable<NamedSeries>[] = [
    [
      ["ebb_configuration_info", { labels: { version: gateway.version }, value: 1 }],
      ["ebb_configuration_problems", { labels: {}, value: problems.length }],
    ],
    ...known.map((entry) => serviceSeries(entry, nowMs)),
    isolateSeries(known, nowMs),
  ];
  for (const some of all) for (const [name, series] of some) byFamily.get(name)!.push(series);
  const ofFilters = filterFamilies(
    known.map(({ service, filterMetrics }) => ({ service: service.name, filterMetrics })),
  );
  byFamily.get("ebb_left_out_filter_metrics")!.push(...ofFilters.leftOut);
  const own: Family[] = [...byFamily].map(([name, series]) => ({ name, ...describe(name), series }));
  return formatFamilies([...own, ...ofFilters.families]);
}

/** The figures of one configured service. */
export type KnownEntry = Omit<DirectoryEntry, "service"> & { readonly service: Service };
