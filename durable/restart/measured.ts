import type { RestartSettings } from "../../config/index.ts";
import { losslessVerdict } from "./lossless-rule.ts";
import { lossyVerdict } from "./lossy-rule.ts";
import { keep, type RestartPolicy, type RestartSituation, type RestartVerdict, restart } from "./policy.ts";

/** Saved credit is spent over this time. */
const SPEND_MS = 7_200_000;

/**
 * The policy `measured`: restarts when keeping the instance costs more than the least long-run cost that restarts can lead
 * back to (docs/model.md). With handover the price is work; without, it is outbound calls.
 */
export function measuredPolicy({
  collectMs,
  extraCallsShare,
}: Pick<RestartSettings, "collectMs" | "extraCallsShare">): RestartPolicy {
  return function measured(situation: RestartSituation): RestartVerdict {
    const { estimate, handover } = situation;
    const { bytesPerEntry, fixedBytes, ttlMs } = estimate;
    if (situation.growsWithoutCalls) return callFreeVerdict(situation);
    if (estimate.observedMs < collectMs && estimate.ttlConfidence !== "measured") return keep("collecting");
    if (bytesPerEntry === undefined || fixedBytes === undefined) return keep("too_little_growth");
    if (handover) return losslessVerdict({ ...situation, ...estimate, creditMs: situation.workCreditMs });
    return lossyVerdict({
      model: {
        fill: estimate.fill,
        demandCalls: estimate.demandCalls,
        lossCost: estimate.lossCost,
        startBytes: estimate.startBytes,
        fixedBytes,
        bytesPerEntry,
        growthRule: estimate.growthRule,
        leaks: estimate.growsWithoutEnd,
      },
      allocatedBytes: estimate.allocatedBytes,
      isRising: estimate.isRising,
      ageTtls: estimate.filledMs / ttlMs,
      lostCalls: situation.lostCalls,
      creditCalls: situation.creditCalls,
      earnedInTtl: extraCallsShare * estimate.demandCalls,
      spendTtls: SPEND_MS / ttlMs,
    });
  };
}

/** A filter that asks nobody loses no decisions: only work limits its restarts. */
function callFreeVerdict({ workMs, workCreditMs }: RestartSituation): RestartVerdict {
  return workCreditMs >= workMs ? restart("grows_without_calls") : keep("no_credit");
}
