import type { IsolateSnapshot } from "../../memory/isolate.ts";
import { CallCounter } from "../../metrics/call-counts.ts";
import { noCounts } from "../../metrics/counters.ts";
import { noOutcomes } from "../../metrics/outcomes.ts";
import type { ClusterStats } from "../../outbound/outbound-calls.ts";
import type { ServiceReport } from "../service-report.ts";

/** Saturday, 2026-11-28 14:03 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 28, 14, 3);

const MIB = 1_048_576;

export function answeringCluster(fields: Partial<ClusterStats> = {}): ClusterStats {
  return {
    state: "answering",
    sinceMs: null,
    failedProbes: 0,
    concurrency: 64,
    calls: new CallCounter().snapshot(),
    waiting: 0,
    oldestWaitingMs: null,
    ...fields,
  };
}

/** A healthy service with its figures of half a minute ago. */
export function serviceReport(fields: Partial<ServiceReport> = {}): ServiceReport {
  return {
    ...noCounts(),
    name: "orders",
    atMs: NOW_MS - 30_000,
    isolateId: "0c9a1d2e-6f0b-4c56-9a43-5f0d2f6f7a11",
    configVersion: "c0ffee",
    generation: 3,
    startReason: "restart",
    uptimeMs: 3_600_000,
    starts: [{ generation: 3, timeMs: NOW_MS - 3_600_000, reason: "restart" }],
    restarts: [],
    allocatedBytes: 8 * MIB,
    requiredBytes: 3 * MIB,
    surplusBytes: 5 * MIB,
    baselineBytes: 4 * MIB,
    requiredRangeBytes: { from: 2 * MIB, to: 4 * MIB },
    ttlMs: 300_000,
    secondTtlMs: null,
    growsWithoutEnd: false,
    sources: { ttl: "measured", required: "estimated", baseline: "estimated" },
    bytesPerEntry: 212,
    fixedBytes: 131_072,
    growthRule: null,
    liveBytes: 2 * MIB,
    phase: "judging",
    collectedMs: 900_000,
    policy: "measured",
    creditCalls: 10,
    workCreditMs: 5,
    restartPriceCalls: 0,
    verdict: { restart: false, reason: "gain_below_price" },
    hitRate: 0.97,
    decisions: noOutcomes(),
    keyedBy: ["credential"],
    entriesPerCredential: 1,
    mostlyMisses: false,
    countsSinceMs: NOW_MS - 7_200_000,
    countsStoredAtMs: NOW_MS - 30_000,
    restartCount: 2,
    failedStart: null,
    lastUnservedCall: null,
    failurePolicy: "closed",
    enforcement: { mode: "enforce" },
    failuresInARow: 0,
    nextStartAtMs: null,
    clusters: { auth: answeringCluster() },
    openStreams: 0,
    handsOver: true,
    lastHandover: null,
    persistence: null,
    storage: { failures: 0, lastFailure: null },
    drainingGenerations: 0,
    ...fields,
  };
}

export function isolateReport(fields: Partial<IsolateSnapshot> = {}): IsolateSnapshot {
  return {
    isolateId: "0c9a1d2e-6f0b-4c56-9a43-5f0d2f6f7a11",
    live: { bytes: 8 * MIB, count: 1 },
    retired: { bytes: 2 * MIB, count: 1 },
    unclaimed: { bytes: 0, count: 0 },
    pinned: { bytes: 0, count: 0 },
    collected: { bytes: 0, count: 0, lastAtMs: null, lastReturnMs: null, longestReturnMs: 0 },
    peakBytes: 12 * MIB,
    edgeBytes: 1_024,
    reclaim: {
      state: "resting",
      reason: "nothing_retired",
      provoked: 0,
      succeeded: 0,
      failuresInARow: 0,
      givesUpAfter: 3,
      freedBytes: 0,
      lastAtMs: null,
      lastMs: null,
      longestMs: 0,
      totalMs: 0,
      creditMs: 0,
    },
    budget: {
      highBytes: 96 * MIB,
      hardBytes: 104 * MIB,
      heldBytes: 10 * MIB,
      relieving: false,
      reason: "below_high_mark",
      restartsAsked: 0,
      evictionsAsked: 0,
      requestsFailed: 0,
      probes: 0,
      lastAsked: null,
      members: 1,
    },
    ...fields,
  };
}
