import type { EstimateSettings } from "../../config/index.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";
import { keep, type RestartPolicy, type RestartSituation, type RestartVerdict, restart } from "./policy.ts";

/**
 * The policy `ratio`: the paper's rule, read literally. After the collection it restarts when allocated >= baseline,
 * and required has begun to fall, and surplus has risen. Two of its sentences can be read in two ways: the baseline (see
 * baseline.ts), and the fall that marks the TTL (see ratio-ttl.ts and counts-ttl.ts).
 *
 * "Begun to fall" and "risen" compare two bins of `binMs`: the mean over the bin that ends now, and the mean over the
 * previous one. Compares only estimates of this generation with the same TTL, since a new TTL changes required without any
 * change of load.
 */
export function ratioPolicy(settings: Pick<EstimateSettings, "binMs" | "collectMs">): RestartPolicy {
  return function ratio(situation: RestartSituation): RestartVerdict {
    const { paper: estimate } = situation;
    // Check the time too: the phase alone may come from other settings.
    if (estimate.phase === "collecting" || estimate.collectedMs < settings.collectMs) return keep("collecting");
    if (estimate.allocatedBytes < estimate.baselineBytes) return keep("below_baseline");

    const trend = trendOver(situation, settings.binMs);
    if (trend === undefined) return keep("trend_unknown");
    if (trend.now.requiredBytes >= trend.before.requiredBytes) return keep("required_not_falling");
    if (trend.now.surplusBytes <= trend.before.surplusBytes) return keep("surplus_not_rising");
    return restart("required_fell");
  };
}

type Means = Pick<PaperEstimate, "requiredBytes" | "surplusBytes">;

/** Means over the last bin and the previous one; undefined if one of them is empty. */
function trendOver(
  { paper: estimate, previous }: RestartSituation,
  binMs: number,
): { now: Means; before: Means } | undefined {
  const comparable = previous.filter(
    ({ atMs, generation, ttlMs }) =>
      generation === estimate.generation && ttlMs === estimate.ttlMs && atMs <= estimate.atMs,
  );
  const before = meansOf(comparable.filter(({ atMs }) => inBin(atMs, estimate.atMs - binMs, binMs)));
  const now = meansOf([...comparable.filter(({ atMs }) => inBin(atMs, estimate.atMs, binMs)), estimate]);
  return before && now && { now, before };
}

function inBin(atMs: number, endMs: number, binMs: number): boolean {
  return atMs > endMs - binMs && atMs <= endMs;
}

function meansOf(estimates: readonly PaperEstimate[]): Means | undefined {
  if (estimates.length === 0) return undefined;
  const mean = (of: (estimate: PaperEstimate) => number) =>
    estimates.reduce((sum, estimate) => sum + of(estimate), 0) / estimates.length;
  return { requiredBytes: mean((e) => e.requiredBytes), surplusBytes: mean((e) => e.surplusBytes) };
}
