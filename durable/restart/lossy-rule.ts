import { LOSS_STEPS } from "../estimate/lost-calls.ts";
import { bestRhythm, type CycleModel, freshBytesAt, rhythms } from "./cycle.ts";
import { keep, type RestartVerdict, restart } from "./policy.ts";

/** What the rule for restarts without handover decides on. */
export interface LossySituation {
  readonly model: CycleModel;
  readonly allocatedBytes: number;
  /** More calls come than a moment ago: what is needed is still growing. */
  readonly isRising: boolean;
  /** Age of the cache, in TTLs. */
  readonly ageTtls: number;
  /** Extra calls if the cache is lost: now, and at each step of the next TTL. */
  readonly lostCalls: readonly number[];
  /** Extra calls that restarts may still cost. */
  readonly creditCalls: number;
  /** Calls that restarts may cost in one TTL, from the operator's share of today's load. */
  readonly earnedInTtl: number;
  /** TTLs over which saved credit is spent. */
  readonly spendTtls: number;
}

/**
 * Restarts when keeping the instance costs more than the least long-run cost of any rhythm of restarts (docs/model.md,
 * marginal value): now, and over every horizon up to one TTL.
 */
export function lossyVerdict(situation: LossySituation): RestartVerdict {
  const { model, allocatedBytes, ageTtls, lostCalls, creditCalls, earnedInTtl, spendTtls } = situation;
  const priceCalls = lostCalls[0]!;
  // No more of the credit than it frees of the memory in the next TTL: a crowd's end may need the rest.
  if (!(creditCalls * freedShare(model, allocatedBytes) >= priceCalls)) return keep("no_credit");
  const allowed = Math.max(0, earnedInTtl + creditCalls / spendTtls);
  const best = bestRhythm(rhythms(model), allowed);
  // Under a steady load the size hardly grows after one TTL, so chance would decide; the age decides as well.
  const isDue = ageTtls >= best.ageTtls && allocatedBytes > best.meanBytes;
  if (!(allocatedBytes > best.baselineBytes || isDue)) return keep("below_baseline");
  if (situation.isRising) return keep("required_not_falling");
  const { bytesPerCall } = best;
  const baselineBytes = Math.min(best.baselineBytes, allocatedBytes);
  let kept = 0;
  let lastBytes = allocatedBytes;
  for (let step = 1; step <= LOSS_STEPS; step += 1) {
    const bytes = Math.max(allocatedBytes, freshBytesAt(model, ageTtls + step / LOSS_STEPS));
    kept += ((bytes + lastBytes) / 2 - baselineBytes) / LOSS_STEPS;
    lastBytes = bytes;
    if (!(kept >= bytesPerCall * (priceCalls - lostCalls[step]!))) return keep("gain_below_price");
  }
  return restart("required_fell");
}

/** What a fresh instance holds less in its first TTL, as a share of the memory that the present one has grown by. */
function freedShare(model: CycleModel, allocatedBytes: number): number {
  let freed = 0;
  for (let step = 1; step <= LOSS_STEPS; step += 1)
    freed += allocatedBytes - freshBytesAt(model, (step - 0.5) / LOSS_STEPS);
  return Math.max(0, freed / LOSS_STEPS / Math.max(1, allocatedBytes - model.startBytes));
}
