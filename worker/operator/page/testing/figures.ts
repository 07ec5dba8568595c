import { type HistoryPoint, pointOf } from "../../../../durable/directory/history-point.ts";
import type { ServiceReport } from "../../../../durable/directory/service-report.ts";
import {
  answeringCluster,
  serviceReport as anyServiceReport,
  isolateReport,
  NOW_MS,
} from "../../../../durable/directory/testing/reports.ts";
import type { IsolateSnapshot } from "../../../../durable/memory/isolate.ts";
import type { ClusterCalls } from "../../../../durable/metrics/call-counts.ts";
import type { GatewayReport, ServiceEntry } from "../../gateway-report.ts";
import { reportOf } from "../../testing/reports.ts";

export { NOW_MS };

const MIB = 1_048_576;

export function callsOf(answered: number, results: ClusterCalls["results"] = { "2xx": answered }): ClusterCalls {
  const counts = [0, 0, Math.round(answered * 0.5), Math.round(answered * 0.4), 0, Math.round(answered * 0.1), 0];
  const latency = { counts: [...counts, 0, 0, 0, 0, 0], sumMs: answered * 30 };
  return { results, latency, wait: { counts: [answered, ...new Array(11).fill(0)], sumMs: 0 } };
}

/** A service in good health that is busy and has restarted once. */
export function serviceReport(changes: Partial<ServiceReport> = {}): ServiceReport {
  return anyServiceReport({
    atMs: NOW_MS - 20_000,
    generation: 7,
    uptimeMs: 720_000,
    starts: [
      { generation: 6, timeMs: NOW_MS - 5_400_000, reason: "eviction" },
      { generation: 7, timeMs: NOW_MS - 720_000, reason: "restart" },
    ],
    restarts: [
      {
        timeMs: NOW_MS - 720_000,
        generation: 6,
        reason: "required_fell",
        priceCalls: 0,
        allocatedBeforeBytes: 6 * MIB,
        allocatedAfterBytes: 2 * MIB,
      },
    ],
    restartCount: 1,
    allocatedBytes: 4 * MIB,
    requiredBytes: 3.2 * MIB,
    requiredRangeBytes: { from: 2.9 * MIB, to: 3.6 * MIB },
    surplusBytes: 0.8 * MIB,
    baselineBytes: 2.5 * MIB,
    ttlMs: 600_000,
    liveBytes: 3 * MIB,
    creditCalls: 120,
    verdict: { restart: false, reason: "required_not_falling" },
    requests: 12_000,
    hits: 10_900,
    refusedEarly: 300,
    outbound: 800,
    coalesced: 12,
    purges: 1,
    decisions: {
      allowed: { cache: 10_800, server: 700 },
      refused: { credential: 300, denied: 150, rule: 50 },
      undecided: {},
    },
    keyedBy: ["the credential", "the path"],
    countsSinceMs: NOW_MS - 86_400_000,
    clusters: { auth: answeringCluster({ calls: callsOf(800) }) },
    lastHandover: { atMs: NOW_MS - 720_000, durationMs: 12, chunks: 3 },
    ...changes,
  });
}

export function isolateSnapshot(liveBytes = 4 * MIB, retiredBytes = 2 * MIB): IsolateSnapshot {
  const { budget, ...others } = isolateReport();
  return {
    ...others,
    live: { bytes: liveBytes, count: 1 },
    retired: { bytes: retiredBytes, count: 1 },
    budget: { ...budget, heldBytes: liveBytes + retiredBytes },
  };
}

export function gatewayReport(
  services: readonly ServiceEntry[] = [serviceReport()],
  changes: Partial<GatewayReport> = {},
): GatewayReport {
  return reportOf({ isolates: [isolateSnapshot()], services, ...changes });
}

/** A quarter of an hour of history that ends with the report, one point a minute. */
export function history(report: ServiceReport = serviceReport(), minutes = 16): HistoryPoint[] {
  const last = pointOf(report);
  return Array.from({ length: minutes }, (_, index) => {
    const left = minutes - 1 - index;
    const share = 1 - left / (minutes * 4);
    const scaled = (count: number) => Math.floor(count * share);
    return {
      ...last,
      timeMs: last.timeMs - left * 60_000,
      allocatedBytes: Math.round(last.allocatedBytes * (0.6 + 0.4 * share)),
      counts: mapped(last.counts, scaled),
      clusters: mapped(last.clusters, (calls: ClusterCalls) => ({
        results: mapped(calls.results, scaled),
        latency: { ...calls.latency, counts: calls.latency.counts.map(scaled) },
        wait: { ...calls.wait, counts: calls.wait.counts.map(scaled) },
      })),
    };
  });
}

function mapped<Value, Name extends string>(
  values: Readonly<Partial<Record<Name, Value>>>,
  change: (value: Value) => Value,
): Record<Name, Value> {
  const entries = Object.entries(values).map(([name, value]) => [name, change(value as Value)]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}
