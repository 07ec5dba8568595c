import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import { CALL_RESULTS } from "../../../durable/metrics/call-counts.ts";
import { LATENCY_BOUNDS_MS, type LatencyCounts } from "../../../durable/metrics/latency-histogram.ts";
import { OUTCOMES } from "../../../durable/metrics/outcomes.ts";
import type { ClusterStats } from "../../../durable/outbound/outbound-calls.ts";
import { SERVER_STATES } from "../../../durable/outbound/reachability.ts";
import { currentInabilities, isFresh, isUnableToDecide } from "../findings/inability.ts";
import type { Histogram } from "./exposition.ts";
import { describe, type FamilyName } from "./families.ts";
import type { KnownEntry, NamedSeries } from "./gateway-metrics.ts";

/** One number of a service; null: unknown. */
const NUMBERS = {
  ebb_figures_timestamp_seconds: ({ atMs }) => seconds(atMs),
  ebb_counts_since_timestamp_seconds: ({ countsSinceMs }) => seconds(countsSinceMs),
  ebb_counts_stored_timestamp_seconds: ({ countsStoredAtMs }) => seconds(countsStoredAtMs),
  ebb_report_only: ({ enforcement }) => flag(enforcement.mode === "report-only"),
  ebb_mostly_misses: ({ mostlyMisses }) => flag(mostlyMisses),

  ebb_requests_total: ({ requests }) => requests,
  ebb_hits_total: ({ hits }) => hits,
  ebb_isolate_hits_total: ({ edgeHits }) => edgeHits,
  ebb_verified_requests_total: ({ verified }) => verified,
  ebb_coalesced_requests_total: ({ coalesced }) => coalesced,
  ebb_stale_decisions_total: ({ stale }) => stale,
  ebb_refused_early_requests_total: ({ refusedEarly }) => refusedEarly,
  ebb_throttled_requests_total: ({ throttled }) => throttled,
  ebb_undecided_requests_total: ({ undecided }) => undecided,
  ebb_failed_open_requests_total: ({ failedOpen }) => failedOpen,
  ebb_report_only_requests_total: ({ reportOnly }) => reportOnly,
  ebb_refused_in_stages_total: ({ refusedInStages }) => refusedInStages,
  ebb_failures_in_stages_total: ({ failuresInStages }) => failuresInStages,
  ebb_unserved_calls_total: ({ unservedCalls }) => unservedCalls,
  ebb_evicted_decisions_total: ({ evicted }) => evicted,
  ebb_purges_total: ({ purges }) => purges,
  ebb_outbound_calls_total: ({ outbound }) => outbound,
  ebb_replies_not_kept_total: ({ forbiddenToKeep }) => forbiddenToKeep,

  ebb_allocated_bytes: ({ allocatedBytes }) => allocatedBytes,
  ebb_required_bytes: ({ requiredBytes }) => requiredBytes,
  ebb_required_lower_bytes: ({ requiredRangeBytes }) => requiredRangeBytes?.from,
  ebb_required_upper_bytes: ({ requiredRangeBytes }) => requiredRangeBytes?.to,
  ebb_surplus_bytes: ({ surplusBytes }) => surplusBytes,
  ebb_baseline_bytes: ({ baselineBytes }) => baselineBytes,
  ebb_live_bytes: ({ liveBytes }) => liveBytes,
  ebb_ttl_seconds: ({ ttlMs }) => seconds(ttlMs),
  ebb_restarts_total: ({ restartCount }) => restartCount,
  ebb_last_restart_timestamp_seconds: ({ restarts }) => seconds(restarts.at(-1)?.timeMs),
  ebb_traps_total: ({ traps }) => traps,
  ebb_failed_starts_total: ({ failedStarts }) => failedStarts,
  ebb_generation_start_timestamp_seconds: ({ starts }) => seconds(starts.at(-1)?.timeMs),
  ebb_open_streams: ({ openStreams }) => openStreams,
  ebb_storage_failures_total: ({ storage }) => storage.failures,
} as const satisfies Partial<Record<FamilyName, (report: ServiceReport) => number | null | undefined>>;

/** Everything that is counted for one service. */
export function* serviceSeries(entry: KnownEntry, nowMs: number): Iterable<NamedSeries> {
  const { report, service } = entry;
  const labels = { service: service.name };
  const isShown = (name: FamilyName) => describe(name).isState !== true || isFresh(report, nowMs);
  for (const [name, read] of Object.entries(NUMBERS) as [
    keyof typeof NUMBERS,
    (typeof NUMBERS)[keyof typeof NUMBERS],
  ][]) {
    const value = read(report);
    if (typeof value === "number" && isShown(name)) yield [name, { labels, value }];
  }
  yield ["ebb_service_unable_to_decide", { labels, value: flag(isUnableToDecide(report, service, nowMs)) }];
  yield* gates(entry, nowMs);
  for (const [outcome, reasons] of Object.entries(OUTCOMES)) {
    const counts: Readonly<Record<string, number>> = report.decisions[outcome as keyof typeof OUTCOMES];
    for (const reason of reasons) {
      const value = counts[reason] ?? 0;
      // There are many reasons, and most never occur.
      if (value > 0 || outcome !== "undecided")
        yield ["ebb_decisions_total", { labels: { ...labels, outcome, reason }, value }];
    }
  }
  for (const [cluster, stats] of Object.entries(report.clusters)) {
    for (const [name, series] of clusterSeries({ ...labels, cluster }, stats)) if (isShown(name)) yield [name, series];
  }
  if (isShown("ebb_isolate_info"))
    yield ["ebb_isolate_info", { labels: { ...labels, isolate: report.isolateId }, value: 1 }];
}

function* gates({ report, service }: KnownEntry, nowMs: number): Iterable<NamedSeries> {
  const open = currentInabilities(report, service, nowMs).filter(({ isOpen }) => isOpen);
  for (const [gate, kind] of [
    ["failOpen", "server"],
    ["failurePolicy", "filter_not_starting"],
  ] as const) {
    const value = flag(open.some((inability) => inability.kind === kind));
    yield ["ebb_gate_open", { labels: { service: service.name, gate }, value }];
  }
}

function* clusterSeries(
  labels: { readonly service: string; readonly cluster: string },
  { state, failedProbes, concurrency, calls, waiting, oldestWaitingMs }: ClusterStats,
): Iterable<NamedSeries> {
  for (const result of CALL_RESULTS) {
    yield ["ebb_authorization_calls_total", { labels: { ...labels, result }, value: calls.results[result] ?? 0 }];
  }
  yield ["ebb_authorization_call_duration_seconds", { labels, value: histogram(calls.latency) }];
  yield ["ebb_authorization_call_wait_seconds", { labels, value: histogram(calls.wait) }];
  yield ["ebb_authorization_calls_waiting", { labels, value: waiting }];
  yield ["ebb_authorization_oldest_wait_seconds", { labels, value: (oldestWaitingMs ?? 0) / 1_000 }];
  yield ["ebb_authorization_concurrent_calls_limit", { labels, value: concurrency }];
  yield ["ebb_authorization_failed_probes", { labels, value: failedProbes }];
  for (const each of SERVER_STATES) {
    yield ["ebb_authorization_server_state", { labels: { ...labels, state: each }, value: flag(each === state) }];
  }
}

function histogram({ counts, sumMs }: LatencyCounts): Histogram {
  return { bounds: LATENCY_BOUNDS_MS.map((ms) => ms / 1_000), counts, sum: sumMs / 1_000 };
}

function seconds(ms: number | null | undefined): number | undefined {
  return typeof ms === "number" ? ms / 1_000 : undefined;
}

function flag(isTrue: boolean): 0 | 1 {
  return isTrue ? 1 : 0;
}
