import type { RestartSettings } from "../../config/index.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { keep, type RestartPolicy, type RestartSituation, type RestartVerdict, restart } from "./policy.ts";

/** Standard deviations by which outbound calls must have fallen below their maximum: less is chance. */
const FALL_DEVIATIONS = 3;
/** A restart that loses less than this part of the cache may follow chance as well: it costs nothing. */
const FREE_SHARE = 0.05;
/** A restart that frees less of what is held is not worth its work, however cheap. */
const MIN_GAIN = 0.1;
/** Nor one that frees less than two pages: one comes and goes by chance. */
const MIN_GAIN_BYTES = 131_072;
/** However much credit there is, a restart is weighed as if there were no more than for so many. */
const MAX_RESTARTS = 30;
/** Credit may be overdrawn by what is earned in so long. */
const OVERDRAFT_MS = 21_600_000;
/** By how much the threshold differs between objects at the most. */
const JITTER = 0.1;
/** A price below this counts as this, so that credit for nothing buys no restart. */
const MIN_PRICE_CALLS = 1e-3;

/**
 * The policy `measured`: the paper's three conditions, each tested against chance, and a price.
 *
 * 1. allocated >= baseline: a fresh instance, grown to the peaks of chance under today's load, would hold less;
 * 2. required has begun to fall: N_T lies significantly below its maximum;
 * 3. surplus has risen: to a part of the memory that is worth the price.
 *
 * The price: of the credit (the share of outbound calls that restarts may cost, see credit.ts) a restart may take as large
 * a part as it gives back of the memory that could be given back. A cache that empties from full to nothing, at any speed,
 * is thereby followed in equal steps that together cost the credit; that is what the optimum does. Under steady load there
 * is nothing to gain, under steady growth without end the restarts come as fast as the credit allows.
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

/** What will be earned soon under today's load: a restart that pays now should not wait for it for hours. */
function overdraft({ demandCalls, ttlMs }: Estimate, share: number): number {
  return (share * demandCalls * OVERDRAFT_MS) / ttlMs;
}

function hasFallen({ maxOutboundInTtl: max, outboundInTtl: now }: Estimate): boolean {
  return max - now > FALL_DEVIATIONS * Math.sqrt(max);
}
