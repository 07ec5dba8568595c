import type { RestartVerdict } from "./policy.ts";
import { keep, restart } from "./policy.ts";

/** What the rule for restarts with handover decides on. */
export interface LosslessSituation {
  readonly allocatedBytes: number;
  /** Size of a fresh instance with today's live entries. */
  readonly handedOverBytes: number;
  /** Sum over the time since the last restart of `allocatedBytes - handedOverBytes`. */
  readonly carriedByteMs: number;
  readonly uptimeMs: number;
  /** Clearly fewer calls than at the last restart. */
  readonly hasFallen: boolean;
  readonly workMs: number;
  /** Work that restarts may still take. */
  readonly creditMs: number;
}

/** After this time without a restart, although calls have fallen, the prediction is doubted. */
const DOUBT_MS = 1_800_000;
/** An ended instance is held until its memory is collected: about so long. */
const RETIRED_MS = 2_000;

/**
 * With handover nothing is lost, and the price is work and the ended instance, which is held until it is collected.
 * Restarts once the instance has carried as much surplus as the restart itself holds (docs/model.md): for memory that
 * empties evenly, that is the cheapest rhythm, and no other rule without foresight is sure to cost less than twice.
 */
export function losslessVerdict(situation: LosslessSituation): RestartVerdict {
  const { allocatedBytes, handedOverBytes, carriedByteMs, workMs, creditMs, uptimeMs, hasFallen } = situation;
  if (!(creditMs >= workMs)) return keep("no_credit");
  // The prediction may be wrong, and without restarts it is never corrected.
  if (hasFallen && uptimeMs >= DOUBT_MS) return restart("required_fell");
  if (!(allocatedBytes > handedOverBytes)) return keep("below_baseline");
  if (!(carriedByteMs >= RETIRED_MS * allocatedBytes)) return keep("gain_below_price");
  return restart("required_fell");
}
