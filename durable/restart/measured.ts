import type { RestartSettings } from "../../config/index.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { keep, type RestartPolicy, type RestartSituation, type RestartVerdict, restart } from "./policy.ts";

/** Outbound calls must have fallen below their maximum by this many standard deviations: less is chance. */
const FALL_DEVIATIONS = 3;
/** A price up to this share of the lost calls, as with a handover, is cheap: the restart needs no significant fall. */
const FREE_SHARE = 0.05;
/** A restart must free at least this share of the instance's growth, however cheap it is. */
const MIN_GAIN = 0.1;
/** A restart must free at least two pages: one page comes and goes by chance. */
const MIN_GAIN_BYTES = 131_072;
/** Credit above the price of this many restarts does not lower the threshold further. */
const MAX_RESTARTS = 30;
/** Credit may be overdrawn by the earnings of this time. */
const OVERDRAFT_MS = 21_600_000;
/** The threshold differs between objects by up to this share. */
const JITTER = 0.1;
/** Minimum price, so that even a free restart needs some credit. */
const MIN_PRICE_CALLS = 1e-3;

/**
 * The policy `measured`: the paper's three conditions, each tested against chance, and a price.
 *
 * 1. allocated > baseline: a fresh instance would hold less, even at the random peaks of today's load;
 * 2. required has begun to fall: N_T is significantly below its maximum, unless the restart is cheap;
 * 3. surplus has risen: the memory to free is worth the price.
 *
 * The price: a restart may use the same share of the credit (see credit.ts) as it frees of the instance's growth. So a
 * cache that empties, at any speed, is followed in equal steps that together cost the credit, as in the optimum. Under
 * steady load there is nothing to gain. Memory that grows without end is restarted as often as the credit allows.
 */
export function measuredPolicy({
  collectMs,
  extraCallsShare,
}: Pick<RestartSettings, "collectMs" | "extraCallsShare">): RestartPolicy {
  return function measured(situation: RestartSituation): RestartVerdict {
    const { estimate, creditCalls, priceCalls, jitter } = situation;
    if (estimate.observedMs < collectMs) return keep("collecting");
    if (estimate.bytesPerEntry === undefined) return keep("too_little_growth");
    if (estimate.filledMs < estimate.ttlMs) return keep("filling");
    const gainBytes = estimate.allocatedBytes - estimate.baselineBytes;
    if (!(gainBytes > 0)) return keep("below_baseline");
    const isFree = priceCalls <= FREE_SHARE * estimate.lostCalls;
    if (!estimate.growsWithoutEnd && !isFree && !hasFallen(estimate)) return keep("required_not_falling");
    const gain = gainBytes / Math.max(1, estimate.allocatedBytes - estimate.startBytes);
    if (!(gain >= MIN_GAIN) || gainBytes < MIN_GAIN_BYTES) return keep("surplus_not_rising");

    const price = Math.max(MIN_PRICE_CALLS, priceCalls);
    const available = creditCalls + (estimate.growsWithoutEnd ? 0 : overdraft(estimate, extraCallsShare));
    if (!(available >= price)) return keep("no_credit");
    const credit = Math.min(available, MAX_RESTARTS * price);
    if (!(gain >= (price / (credit + price)) * (1 + JITTER * jitter))) return keep("gain_below_price");
    return restart(estimate.growsWithoutEnd ? "grows_without_end" : "required_fell");
  };
}

/** Credit that today's load will earn soon, so that a worthwhile restart need not wait for hours. */
function overdraft({ demandCalls, ttlMs }: Estimate, share: number): number {
  return (share * demandCalls * OVERDRAFT_MS) / ttlMs;
}

function hasFallen({ maxOutboundInTtl: max, outboundInTtl: now }: Estimate): boolean {
  return max - now > FALL_DEVIATIONS * Math.sqrt(max);
}
