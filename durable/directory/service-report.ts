import type { GrowthRule } from "../estimate/growth-rule.ts";
import type { IsolateSnapshot } from "../memory/isolate.ts";
import type { Sample } from "../metrics/samples.ts";
import type { ServiceStats } from "../service/service-stats.ts";

/** What a report leaves out: it is shown once for all services, on demand, or only in /metrics. */
type LeftOut = "isolate" | "samples" | "ratio" | "filterMetrics" | "unstoredCounts";

/**
 * The figures of one service as /stats shows them, in schema 1 (docs/stats.md). Sizes in bytes, durations and times in ms (times since
 * 1970), rounded to what they mean. The service's object tells them to the directory.
 */
export interface ServiceReport extends Omit<ServiceStats, LeftOut> {
  /** When these figures were true. */
  readonly atMs: number;
  /** Services with the same one share the memory of `isolates`. */
  readonly isolateId: string;
  /** Only with `samples=1`; oldest first. */
  readonly samples?: readonly Sample[];
}

/** What an object tells the directory. */
export interface DirectoryReport {
  readonly report: ServiceReport;
  readonly isolate: IsolateSnapshot;
  /** The filter's own metrics, by their names. */
  readonly filterMetrics: ServiceStats["filterMetrics"];
}

/** Starts and restarts in a report; each has a list of its own. */
const LISTED = 5;

/** Estimates are known to about so many digits. */
const ESTIMATED_DIGITS = 3;

/** Estimated sizes are known to about so many bytes at best. */
const SIZE_STEP_BYTES = 1_024;

export function directoryReport(stats: ServiceStats, atMs: number): DirectoryReport {
  const { isolate, samples: _, ratio: _ratio, filterMetrics, unstoredCounts: _unstored, ...shown } = stats;
  const requiredBytes = Math.min(stats.allocatedBytes, roundedSize(stats.requiredBytes));
  const report: ServiceReport = {
    ...shown,
    atMs: Math.round(atMs),
    isolateId: isolate.isolateId,
    starts: stats.starts.slice(-LISTED),
    restarts: stats.restarts
      .slice(-LISTED)
      .map((restart) => ({ ...restart, priceCalls: estimated(restart.priceCalls) })),
    uptimeMs: Math.round(stats.uptimeMs),
    collectedMs: Math.round(stats.collectedMs),
    requiredBytes,
    surplusBytes: stats.allocatedBytes - requiredBytes,
    baselineBytes: roundedSize(stats.baselineBytes),
    requiredRangeBytes: stats.requiredRangeBytes && {
      from: roundedSize(stats.requiredRangeBytes.from),
      to: roundedSize(stats.requiredRangeBytes.to),
    },
    ttlMs: estimated(stats.ttlMs),
    secondTtlMs: stats.secondTtlMs && estimated(stats.secondTtlMs),
    bytesPerEntry: stats.bytesPerEntry && estimated(stats.bytesPerEntry),
    fixedBytes: stats.fixedBytes && roundedSize(stats.fixedBytes),
    growthRule: stats.growthRule && roundedRule(stats.growthRule),
    entriesPerCredential: stats.entriesPerCredential && estimated(stats.entriesPerCredential),
    creditCalls: estimated(stats.creditCalls),
    workCreditMs: estimated(stats.workCreditMs),
    restartPriceCalls: estimated(stats.restartPriceCalls),
    hitRate: estimated(stats.hitRate),
    nextStartAtMs: stats.nextStartAtMs && Math.round(stats.nextStartAtMs),
  };
  return { report, isolate: roundedIsolate(isolate), filterMetrics };
}

/** Adds what is shown on demand: all samples, starts and restarts. */
export function withSamples(stats: ServiceStats, { report, ...others }: DirectoryReport): DirectoryReport {
  const { samples, starts, restarts } = stats;
  return { ...others, report: { ...report, samples, starts, restarts } };
}

function roundedRule(rule: GrowthRule): GrowthRule {
  return rule.kind === "proportional" ? { ...rule, share: estimated(rule.share) } : rule;
}

function roundedIsolate(isolate: IsolateSnapshot): IsolateSnapshot {
  return { ...isolate, reclaim: { ...isolate.reclaim, creditMs: estimated(isolate.reclaim.creditMs) } };
}

function estimated(value: number): number {
  return Number(value.toPrecision(ESTIMATED_DIGITS));
}

function roundedSize(bytes: number): number {
  return SIZE_STEP_BYTES * Math.round(bytes / SIZE_STEP_BYTES);
}
