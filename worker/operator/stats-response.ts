import type { ServiceReport } from "../../durable/directory/service-report.ts";
import type { ClusterState, ClusterStats } from "../../durable/outbound/outbound-calls.ts";
import type { FailedService, GatewayReport, ReportedService, UnusedService, WindowCalls } from "./gateway-report.ts";
import { callsBetween } from "./window-report.ts";

/** The response to GET /stats: schema 1, described by docs/stats.schema.json and docs/stats.md. */
export interface StatsResponse extends Omit<GatewayReport, "services"> {
  /** In the order of the configuration. */
  readonly services: readonly (ShownService | FailedService | UnusedService)[];
}

/** Shown on demand: what only explains other figures, and what is true for a moment only. */
const DETAILS = [
  "starts",
  "keyedBy",
  "entriesPerCredential",
  "bytesPerEntry",
  "fixedBytes",
  "growthRule",
  "lastHandover",
  "openStreams",
  "drainingGenerations",
] as const satisfies readonly (keyof ServiceReport)[];

type Detail = (typeof DETAILS)[number];

/** The figures of a service, without details about 2 KB. With `samples=1` they are here too, and all starts and restarts. */
export interface ShownService extends Omit<ReportedService, Detail | "clusters">, Partial<Pick<ServiceReport, Detail>> {
  readonly clusters: Readonly<Record<string, ShownCluster>>;
}

/** State of an authorization server, and the calls to it. */
export interface ShownCluster extends ClusterState {
  /** Since counting began. The histograms that this is made of are in /metrics. */
  readonly calls: WindowCalls;
}

/** Restarts that are shown without `samples=1`. */
const LISTED_RESTARTS = 3;

export function statsResponse(report: GatewayReport, withDetails: boolean): StatsResponse {
  const services = report.services.map((entry) => ("requests" in entry ? shown(entry, withDetails) : entry));
  return { ...report, services };
}

function shown(service: ReportedService, withDetails: boolean): ShownService {
  const clusters = Object.entries(service.clusters).map(([name, cluster]) => [name, shownCluster(cluster)] as const);
  const all = { ...service, clusters: Object.fromEntries(clusters) };
  return withDetails ? all : withoutDetails(all);
}

function withoutDetails(service: ShownService): ShownService {
  const kept = Object.entries(service).filter(([name]) => !(DETAILS as readonly string[]).includes(name));
  const shorter = Object.fromEntries(kept) as unknown as Omit<ShownService, Detail>;
  return { ...shorter, restarts: service.restarts.slice(-LISTED_RESTARTS) };
}

function shownCluster({ calls, ...state }: ClusterStats): ShownCluster {
  return { ...state, calls: callsBetween(undefined, calls) };
}
