/**
 * Marks of the memory that the filters of all objects of one isolate hold together, and what paces the relief. The
 * platform's limit is 128 MB for them, the code and everything else; beyond it all objects of the isolate are reset.
 */
export interface BudgetMarks {
  /** Above it, members are asked to restart. */
  readonly highBytes: number;
  /** Until it is below this again. */
  readonly lowBytes: number;
  /**
   * From here on no price counts, and requests wait for memory that is on its way back: one of them may make its filter grow
   * by much at once, and what is left must be enough for that, the code and everything else.
   */
  readonly hardBytes: number;
  /** Between two requests to one member. */
  readonly minBetweenMs: number;
  /** The same at the hard mark. */
  readonly minBetweenHardMs: number;
  /** A member that would give back less is not asked. */
  readonly minGainBytes: number;
}

const MIB = 1_048_576;

export const BUDGET_MARKS: BudgetMarks = {
  highBytes: 96 * MIB,
  lowBytes: 88 * MIB,
  hardBytes: 104 * MIB,
  minBetweenMs: 10_000,
  minBetweenHardMs: 1_000,
  minGainBytes: MIB,
};

/** One service object as the others see it. */
export interface BudgetMember {
  readonly name: string;
  /** What it holds. */
  readonly liveBytes: number;
  /** What a restart would give back, its cache handed over where it can be. */
  readonly gainBytes: number;
  /** What a restart without handover would give back. */
  readonly evictionGainBytes: number;
  /** What a restart would cost, in outbound calls. */
  readonly priceCalls: number;
  /** It was asked and has not answered. */
  readonly askedUnderWay: boolean;
  readonly askedAtMs: number | undefined;
}

export interface BudgetSituation {
  readonly nowMs: number;
  /** Everything that is not known to be collected. */
  readonly heldBytes: number;
  /** Part of it that a collection would free. */
  readonly reclaimableBytes: number;
  /** Part of it whose objects have been quiet for so long that they may have been evicted; a collection would tell. */
  readonly quietBytes: number;
  /** It was above the high mark and has not been below the low one since. */
  readonly relieving: boolean;
}

export type BudgetReason =
  | "below_high_mark"
  /** What is already retired, or on its way to be, suffices. */
  | "relief_under_way"
  | "nothing_to_gain"
  /** Objects that may have been evicted: a collection is cheaper than a restart. */
  | "quiet_objects"
  | "high_mark"
  | "hard_mark";

/** `restart` keeps the cache where it can be handed over; `evict` gives back all there is. */
export type Relief = "restart" | "evict";

export interface BudgetAction {
  readonly reason: BudgetReason;
  /** Whom to ask, and for what. */
  readonly ask: { readonly name: string; readonly relief: Relief } | undefined;
  /** Provoke a collection, in any case or where it is known to free something. */
  readonly collect: "probe" | "reclaim" | undefined;
}

/** A price below this counts as this. */
const MIN_PRICE_CALLS = 1;

/** What to do about the isolate's memory now: one step, to be taken again while it is above its marks. */
export function budgetAction(
  members: readonly BudgetMember[],
  situation: BudgetSituation,
  marks: BudgetMarks,
): BudgetAction {
  const { heldBytes, reclaimableBytes, quietBytes } = situation;
  const targetBytes = situation.relieving ? marks.lowBytes : marks.highBytes;
  if (heldBytes <= targetBytes) return { reason: "below_high_mark", ask: undefined, collect: undefined };
  const collect = reclaimableBytes > 0 ? "reclaim" : undefined;

  const underWay = members.filter(({ askedUnderWay }) => askedUnderWay);
  const comingBytes = reclaimableBytes + underWay.reduce((sum, { gainBytes }) => sum + Math.max(0, gainBytes), 0);
  if (heldBytes - comingBytes <= marks.lowBytes) return { reason: "relief_under_way", ask: undefined, collect };
  if (quietBytes > 0 && heldBytes - comingBytes - quietBytes <= marks.highBytes) {
    return { reason: "quiet_objects", ask: undefined, collect: "probe" };
  }

  if (heldBytes - comingBytes >= marks.hardBytes) {
    const largest = best(
      free(members, situation.nowMs, marks.minBetweenHardMs, marks),
      (member) => member.evictionGainBytes,
    );
    if (largest !== undefined) return { reason: "hard_mark", ask: { name: largest.name, relief: "evict" }, collect };
  }
  const cheapest = best(
    free(members, situation.nowMs, marks.minBetweenMs, marks).filter(
      ({ gainBytes }) => gainBytes >= marks.minGainBytes,
    ),
    ({ gainBytes, priceCalls }) => gainBytes / Math.max(MIN_PRICE_CALLS, priceCalls),
  );
  if (cheapest === undefined) return { reason: "nothing_to_gain", ask: undefined, collect };
  return { reason: "high_mark", ask: { name: cheapest.name, relief: "restart" }, collect };
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
      // A clock that was set back must not silence it.
      (askedAtMs === undefined || nowMs - askedAtMs >= minBetweenMs || nowMs < askedAtMs),
  );
}

function best(members: readonly BudgetMember[], worth: (member: BudgetMember) => number): BudgetMember | undefined {
  return members.reduce<BudgetMember | undefined>(
    (found, member) => (found === undefined || worth(member) > worth(found) ? member : found),
    undefined,
  );
}
