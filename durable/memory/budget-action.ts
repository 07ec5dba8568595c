import type { IsolateLimits } from "../../config/index.ts";
import { MIB } from "../../wasm/byte-units.ts";
import { hasElapsed } from "../runtime/elapsed.ts";

/**
 * Thresholds for the total memory of all objects in one isolate, and the pace of reclaiming. The platform allows 128 MB for
 * filters, code and everything else; beyond that it resets all objects of the isolate.
 */
export interface BudgetMarks {
  /** Above it, members are asked to restart. */
  readonly highBytes: number;
  /** Members are asked until it is below this again. */
  readonly lowBytes: number;
  /**
   * Above it the price no longer counts, and requests wait for memory that is about to be freed. The room above this mark must
   * suffice for the code, everything else, and the growth that a single request may cause.
   */
  readonly hardBytes: number;
  /** Minimum time between two requests to one member. */
  readonly minBetweenMs: number;
  /** The same at the hard mark. */
  readonly minBetweenHardMs: number;
  /** A member that would free less is not asked. */
  readonly minGainBytes: number;
}

/** Not configurable. */
const PACE = { minBetweenMs: 10_000, minBetweenHardMs: 1_000, minGainBytes: MIB } as const;
/** Share of the high mark. */
const LOW_SHARE = 11 / 12;
const MAX_LOW_BYTES = 88 * MIB;

export function budgetMarks({ highBytes, hardBytes }: Pick<IsolateLimits, "highBytes" | "hardBytes">): BudgetMarks {
  return { ...PACE, highBytes, hardBytes, lowBytes: Math.min(MAX_LOW_BYTES, LOW_SHARE * highBytes) };
}

/** One service object as the others see it. */
export interface BudgetMember {
  readonly name: string;
  /** Memory it holds. */
  readonly liveBytes: number;
  /** What a restart would free, with a handover if the filter supports it. */
  readonly gainBytes: number;
  /** What a restart without handover would free. */
  readonly evictionGainBytes: number;
  /** What a restart would cost, in outbound calls. */
  readonly priceCalls: number;
  /** A request to it is unanswered. */
  readonly askedUnderWay: boolean;
  readonly askedAtMs: number | undefined;
}

export interface BudgetSituation {
  readonly nowMs: number;
  /** Everything that is not known to be collected. */
  readonly heldBytes: number;
  /** The part that a collection would free. */
  readonly reclaimableBytes: number;
  /** The part whose objects have been idle long enough to have been evicted; a collection would show it. */
  readonly idleBytes: number;
  /** `heldBytes` was above the high mark and has not been below the low mark since. */
  readonly reclaiming: boolean;
}

export type BudgetReason =
  | "below_high_mark"
  /** Enough memory is retired or about to be. */
  | "relief_under_way"
  | "nothing_to_gain"
  /** Some objects may have been evicted, and a collection is cheaper than a restart. */
  | "quiet_objects"
  | "high_mark"
  | "hard_mark";

/** `restart` keeps the cache if the filter supports handover; `evict` discards it and frees everything. */
export type ReclaimRequest = "restart" | "evict";

export interface BudgetAction {
  readonly reason: BudgetReason;
  /** Which member to ask, and for what. */
  readonly ask: { readonly name: string; readonly request: ReclaimRequest } | undefined;
  /** Force a collection: always, or only if it is known to free something. */
  readonly collect: "probe" | "reclaim" | undefined;
}

/** Lower prices count as this one. */
const MIN_PRICE_CALLS = 1;

/** Decides the next step to free memory of the isolate. Call it again while the isolate is above its marks. */
export function budgetAction(
  members: readonly BudgetMember[],
  situation: BudgetSituation,
  marks: BudgetMarks,
): BudgetAction {
  const { heldBytes, reclaimableBytes, idleBytes } = situation;
  const targetBytes = situation.reclaiming ? marks.lowBytes : marks.highBytes;
  if (heldBytes <= targetBytes) return { reason: "below_high_mark", ask: undefined, collect: undefined };
  const collect = reclaimableBytes > 0 ? "reclaim" : undefined;

  const underWay = members.filter(({ askedUnderWay }) => askedUnderWay);
  const comingBytes = reclaimableBytes + underWay.reduce((sum, { gainBytes }) => sum + Math.max(0, gainBytes), 0);
  if (heldBytes - comingBytes <= marks.lowBytes) return { reason: "relief_under_way", ask: undefined, collect };
  if (idleBytes > 0 && heldBytes - comingBytes - idleBytes <= marks.highBytes) {
    return { reason: "quiet_objects", ask: undefined, collect: "probe" };
  }

  if (heldBytes - comingBytes >= marks.hardBytes) {
    const largest = best(
      free(members, situation.nowMs, marks.minBetweenHardMs, marks),
      (member) => member.evictionGainBytes,
    );
    if (largest !== undefined) return { reason: "hard_mark", ask: { name: largest.name, request: "evict" }, collect };
  }
  const cheapest = best(
    free(members, situation.nowMs, marks.minBetweenMs, marks).filter(
      ({ gainBytes }) => gainBytes >= marks.minGainBytes,
    ),
    ({ gainBytes, priceCalls }) => gainBytes / Math.max(MIN_PRICE_CALLS, priceCalls),
  );
  if (cheapest === undefined) return { reason: "nothing_to_gain", ask: undefined, collect };
  return { reason: "high_mark", ask: { name: cheapest.name, request: "restart" }, collect };
}

/** Members that may be asked now. */
function free(
  members: readonly BudgetMember[],
  nowMs: number,
  minBetweenMs: number,
  { minGainBytes }: BudgetMarks,
): BudgetMember[] {
  return members.filter(
    ({ askedUnderWay, askedAtMs, evictionGainBytes }) =>
      !askedUnderWay &&
      evictionGainBytes >= minGainBytes &&
      (askedAtMs === undefined || hasElapsed(askedAtMs, minBetweenMs, nowMs)),
  );
}

function best(members: readonly BudgetMember[], worth: (member: BudgetMember) => number): BudgetMember | undefined {
  return members.reduce<BudgetMember | undefined>(
    (found, member) => (found === undefined || worth(member) > worth(found) ? member : found),
    undefined,
  );
}
