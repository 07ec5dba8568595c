import { PAGE_BYTES } from "../../../wasm/byte-units.ts";
import type { Estimate } from "../../estimate/estimate.ts";
import { shapeByHits } from "../../estimate/fill-phase.ts";
import { lossCost, NO_LOSSES } from "../../estimate/loss-cost.ts";
import type { PaperEstimate } from "../../estimate/paper/paper-estimate.ts";
import type { RestartSituation } from "../policy.ts";

/** An instance of 100 pages, an hour old, that needs only half of them since the load fell. */
export function estimateOf(change: Partial<Estimate> = {}): Estimate {
  return {
    generation: 1,
    atMs: 3_600_000,
    uptimeMs: 3_600_000,
    filledMs: 3_600_000,
    observedMs: 3_600_000,
    allocatedBytes: 100 * PAGE_BYTES,
    requiredBytes: 50 * PAGE_BYTES,
    requiredRangeBytes: { from: 45 * PAGE_BYTES, to: 55 * PAGE_BYTES },
    handedOverBytes: 50 * PAGE_BYTES,
    hasFallen: false,
    surplusBytes: 50 * PAGE_BYTES,
    baselineBytes: 55 * PAGE_BYTES,
    startBytes: 2 * PAGE_BYTES,
    ttlMs: 300_000,
    ttlConfidence: "measured",
    secondTtlMs: undefined,
    bytesPerEntry: 2_048,
    fixedBytes: PAGE_BYTES,
    growthRule: { kind: "pages" },
    growsWithoutEnd: false,
    outboundInTtl: 1_568,
    demandCalls: 1_568,
    hitShare: 0.9,
    requestsPerSecond: 50,
    fill: shapeByHits(0.9),
    isRising: false,
    lossCost: lossCost(NO_LOSSES, 0.4),
    lostCalls: [100, 90, 80, 70, 60, 60, 60, 60, 60],
    ...change,
  };
}

export function paperOf(change: Partial<PaperEstimate> = {}): PaperEstimate {
  return {
    generation: 1,
    atMs: 3_600_000,
    uptimeMs: 3_600_000,
    collectedMs: 3_600_000,
    phase: "judging",
    allocatedBytes: 100,
    requiredBytes: 50,
    surplusBytes: 50,
    baselineBytes: 100,
    heldAfterCollectingBytes: 100,
    ttlMs: 300_000,
    sources: { ttl: "measured", required: "estimated", baseline: "measured" },
    outboundInTtl: 50,
    maxOutboundInTtl: 100,
    ...change,
  };
}

/** The instance of `estimateOf`, with plenty of credit. */
export function situationOf(
  change: Partial<Omit<RestartSituation, "estimate">> & { estimate?: Partial<Estimate> } = {},
): RestartSituation {
  const estimate = estimateOf(change.estimate);
  return {
    nowMs: estimate.atMs,
    paper: paperOf(),
    previous: [],
    handover: false,
    creditCalls: 10_000,
    lostCalls: estimate.lostCalls,
    carriedByteMs: 1e12,
    growsWithoutCalls: false,
    restartWanted: false,
    workMs: 30,
    workCreditMs: 1_000,
    grownBytes: 0,
    jitter: 0,
    ...change,
    estimate,
  };
}
