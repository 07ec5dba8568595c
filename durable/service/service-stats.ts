import { keyedBy, type RestartPolicyName, type Service } from "../../config/index.ts";
import type { SharedState, UnservedCall } from "../../wasm/host/index.ts";
import type { Estimate, SizeRange } from "../estimate/estimate.ts";
import type { GrowthRule } from "../estimate/growth-rule.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";
import type { Confidence } from "../estimate/ttl.ts";
import type { HandoverRecord, InstanceManager } from "../instances/instance-manager.ts";
import { type IsolateSnapshot, isolateSnapshot } from "../memory/isolate.ts";
import { CallCounter, type CallsByCluster, type ClusterCalls } from "../metrics/call-counts.ts";
import { type Counters, hitRate } from "../metrics/counters.ts";
import { occurredOutcomes, type ShownOutcomes } from "../metrics/outcomes.ts";
import { ownEntry } from "../metrics/own-entry.ts";
import type { Sample } from "../metrics/samples.ts";
import type { ClusterState, ClusterStats } from "../outbound/outbound-calls.ts";
import type { PersistenceStats } from "../persistence/persistence-stats.ts";
import type { RestartController } from "../restart/controller.ts";
import type { RestartRecord } from "../restart/learned.ts";
import type { RestartVerdict } from "../restart/policy.ts";
import type { StartReason, StartRecord } from "../restart/starts.ts";
import type { StorageStats } from "../storage/storage-health.ts";
import type { Counts } from "../storage/stored-counts.ts";

/** Samples shown in /stats: ten minutes at the default interval. */
const RECENT_SAMPLES = 60;

/** The part of /stats for one service. Sizes in bytes, durations and times in ms (times since 1970). */
export interface ServiceStats
  extends Pick<
      Estimate,
      "allocatedBytes" | "requiredBytes" | "surplusBytes" | "baselineBytes" | "ttlMs" | "growsWithoutEnd"
    >,
    Counters {
  readonly name: string;
  /** Version of the service's configuration in this object. */
  readonly configVersion: string;
  /** Counts the lives of the instance; 0 before the first request. */
  readonly generation: number;
  /** Why the current generation began; null while no instance is in memory. */
  readonly startReason: StartReason | null;
  readonly uptimeMs: number;
  /** The newest starts, oldest first. A sample's `generation` identifies its start. */
  readonly starts: readonly StartRecord[];
  /** Where the numbers come from; `default` while nothing is known. */
  readonly sources: {
    readonly ttl: Confidence;
    readonly required: "estimated" | "default";
    readonly baseline: "estimated" | "default";
  };
  /** Where the required memory lies, in bytes, from and to; null while nothing is estimated. */
  readonly requiredRangeBytes: SizeRange | null;
  /** A shorter TTL that other decisions have; null if all seem to have one. */
  readonly secondTtlMs: number | null;
  /** Memory of one decision, and of the filter without any; null while unknown. */
  readonly bytesPerEntry: number | null;
  readonly fixedBytes: number | null;
  /** How the filter's memory grows; null while unknown. */
  readonly growthRule: GrowthRule | null;
  /** Bytes of live decisions as counted by the built-in filter, without its fixed part; compare it with the estimate. */
  readonly liveBytes: number | null;
  /** Result of the paper's rule, whichever policy decides. */
  readonly ratio: Pick<PaperEstimate, "ttlMs" | "requiredBytes" | "baselineBytes"> & {
    readonly verdict: RestartVerdict | null;
  };
  readonly phase: PaperEstimate["phase"];
  /** How long the policy has collected samples; it judges after `restart.collectMs`, `measured` once it knows the TTL. */
  readonly collectedMs: number;
  readonly policy: RestartPolicyName;
  /** Extra outbound calls that restarts may still cost, and how many a restart would cost now. */
  readonly creditCalls: number;
  /** CPU that restarts may still take, in ms. */
  readonly workCreditMs: number;
  readonly restartPriceCalls: number;
  /** The policy's last judgement and what decided it; null before the first. */
  readonly verdict: RestartVerdict | null;
  readonly hitRate: number;
  /** Decisions by outcome and reason. */
  readonly decisions: ShownOutcomes;
  /** What a cached decision is kept for, in words; null for other filters, which have keys of their own. */
  readonly keyedBy: readonly string[] | null;
  /** Cached decisions for each credential that has any, on average, as estimated by the built-in filter; null while unknown. */
  readonly entriesPerCredential: number | null;
  /** Nearly every request asks the authorization server, although its replies may be kept; see docs/decision-key.md. */
  readonly mostlyMisses: boolean;
  /**
   * The counters and `restartCount` are stored before they are shown, so they never go back while `countsSinceMs` stays the same.
   * All times are ms since 1970.
   */
  readonly countsSinceMs: number;
  /** When these counts were stored; null if the storage never took any. */
  readonly countsStoredAtMs: number | null;
  /** What was counted since and is not stored yet; an eviction may lose it. Much only while the storage fails. Null if nothing. */
  readonly unstoredCounts: Partial<Counters> | null;
  /** All restarts; the newest are in `restarts`. */
  readonly restartCount: number;
  readonly restarts: readonly RestartRecord[];
  /** The filter's own metrics, by their names. */
  readonly filterMetrics: Readonly<Record<string, number>>;
  /** Why the filter cannot be started; null if it can. `filterReason`: what the filter did wrong. */
  readonly failedStart: {
    readonly reason: string;
    readonly filterReason: string | null;
    readonly message: string;
    readonly atMs: number;
  } | null;
  /** What the filter last asked for although the gateway does not have it; null if nothing in this life of the object. */
  readonly lastUnservedCall: (UnservedCall & { readonly atMs: number }) | null;
  readonly failurePolicy: Service["failurePolicy"];
  /** Whether refused requests are refused now. */
  readonly enforcement: { readonly mode: "enforce" } | { readonly mode: "report-only"; readonly until: string };
  /** Traps and failed starts in a row; a minute without one ends it. */
  readonly failuresInARow: number;
  /** Earliest time of the filter's next start; null while it runs or was never needed. */
  readonly nextStartAtMs: number | null;
  /** State of the service's servers, by cluster, according to probes. */
  readonly clusters: Readonly<Record<string, ClusterStats>>;
  /** Waiting requests and streaming bodies in the current generation. */
  readonly openStreams: number;
  /** Whether a restart hands over live decisions, and the last handover; null before the first. */
  readonly handsOver: boolean;
  readonly lastHandover: HandoverRecord | null;
  /** State of the persisted decisions; null if the configuration does not persist any. */
  readonly persistence: PersistenceStats | null;
  /** Failures of the object's storage; decisions do not need it. */
  readonly storage: StorageStats;
  /** Total memory of all services in the isolate, and its collection; the same for all services with one `isolateId`. */
  readonly isolate: IsolateSnapshot;
  /** Replaced generations that still finish their work. */
  readonly drainingGenerations: number;
  /** Oldest first. */
  readonly samples: readonly Sample[];
}

export interface StatsSources {
  readonly service: Service;
  readonly nowMs: number;
  readonly instances: InstanceManager;
  readonly controller: RestartController;
  /** The counts to show. */
  readonly counts: Counts;
  readonly unstoredCounts: Partial<Counters> | null;
  readonly metrics: SharedState["metrics"];
  /** Null if the filter does not report it, or no instance is in memory. */
  readonly liveBytes: number | null;
  readonly entriesPerCredential: number | null;
  readonly mostlyMisses: boolean;
  readonly lastUnservedCall: ServiceStats["lastUnservedCall"];
  readonly persistence: PersistenceStats | null;
  readonly clusters: Readonly<Record<string, ClusterState>>;
  readonly storage: StorageStats;
}

export function serviceStats(sources: StatsSources): ServiceStats {
  const { service, nowMs, instances, controller, counts, metrics } = sources;
  const { counters } = counts;
  const { current: generation, failures, failedStart } = instances;
  // Without an instance in memory nothing is held, whatever the last sample of the evicted one said.
  const allocatedBytes = generation?.allocatedBytes ?? 0;
  const estimate = controller.estimate(nowMs, allocatedBytes);
  const paper = controller.paperEstimate(nowMs, allocatedBytes);
  const { policy, collectMs } = service.restart;
  const collectedMs = policy === "ratio" ? paper.collectedMs : estimate.observedMs;
  const judgesEarly = policy === "measured" && estimate.ttlConfidence === "measured";
  const source = estimate.bytesPerEntry === undefined ? "default" : "estimated";
  return {
    name: service.name,
    configVersion: service.version,
    generation: controller.learned.current?.number ?? 0,
    startReason: generation?.startReason ?? null,
    uptimeMs: generation === undefined ? 0 : Math.max(0, nowMs - generation.startedAtMs),
    starts: controller.learned.starts,
    phase: collectedMs < collectMs && !judgesEarly ? "collecting" : "judging",
    collectedMs,
    allocatedBytes,
    requiredBytes: estimate.requiredBytes,
    surplusBytes: estimate.surplusBytes,
    baselineBytes: estimate.baselineBytes,
    requiredRangeBytes: estimate.requiredRangeBytes ?? null,
    ttlMs: estimate.ttlMs,
    secondTtlMs: estimate.secondTtlMs ?? null,
    sources: { ttl: estimate.ttlConfidence, required: source, baseline: source },
    bytesPerEntry: estimate.bytesPerEntry ?? null,
    fixedBytes: estimate.fixedBytes ?? null,
    growthRule: estimate.growthRule ?? null,
    growsWithoutEnd: estimate.growsWithoutEnd,
    liveBytes: sources.liveBytes,
    ratio: {
      ttlMs: paper.ttlMs,
      requiredBytes: paper.requiredBytes,
      baselineBytes: paper.baselineBytes,
      verdict: controller.ratioVerdict ?? null,
    },
    policy,
    verdict: controller.verdict ?? null,
    creditCalls: controller.creditCalls,
    workCreditMs: controller.learned.workCreditMs,
    restartPriceCalls: controller.priceCalls(nowMs),
    ...counters,
    hitRate: hitRate(counters),
    decisions: occurredOutcomes(counts.outcomes),
    keyedBy: keyedBy(service) ?? null,
    entriesPerCredential: sources.entriesPerCredential,
    mostlyMisses: sources.mostlyMisses,
    countsSinceMs: counts.sinceMs,
    countsStoredAtMs: counts.storedAtMs,
    unstoredCounts: sources.unstoredCounts,
    restartCount: counts.restartCount,
    restarts: controller.learned.restarts,
    filterMetrics: Object.fromEntries(metrics.snapshot().map(({ name, value }) => [name, value])),
    failedStart: failedStart
      ? {
          reason: failedStart.reason,
          filterReason: failedStart.filterReason ?? null,
          message: failedStart.message,
          atMs: failedStart.atMs,
        }
      : null,
    lastUnservedCall: sources.lastUnservedCall,
    failurePolicy: service.failurePolicy,
    enforcement: enforcementAt(service, nowMs),
    failuresInARow: failures.failures,
    nextStartAtMs: generation === undefined && failures.failures > 0 ? failures.nextStartMs : null,
    openStreams: generation?.openStreams ?? 0,
    handsOver: generation?.handover !== undefined,
    lastHandover: instances.lastHandover ?? null,
    persistence: sources.persistence,
    clusters: clusterStats(sources.clusters, counts.calls),
    storage: sources.storage,
    isolate: isolateSnapshot(instances.isolate),
    drainingGenerations: instances.draining,
    samples: controller.samples.recent(RECENT_SAMPLES),
  };
}

function clusterStats(states: StatsSources["clusters"], calls: CallsByCluster): ServiceStats["clusters"] {
  const entries = Object.entries(states).map(([name, state]) => [
    name,
    { ...state, calls: ownEntry(calls, name) ?? NO_CALLS },
  ]);
  return Object.fromEntries(entries);
}

const NO_CALLS: ClusterCalls = new CallCounter().snapshot();

function enforcementAt({ enforcement }: Service, nowMs: number): ServiceStats["enforcement"] {
  const reports = enforcement.mode === "report-only" && nowMs < enforcement.untilMs;
  return reports ? { mode: "report-only", until: enforcement.until } : { mode: "enforce" };
}
