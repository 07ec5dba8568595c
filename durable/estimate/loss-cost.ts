/**
 * What the loss of an entry costs, by its age (docs/model.md, point 5). Clients often ask again soon or never: so a young
 * entry costs more than the rest of its time says, and an old one less. Learned from what restarts really cost.
 */

/** Upper ends of the age classes, in TTLs. */
const CLASS_ENDS = [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1] as const;
export const AGE_CLASSES = CLASS_ENDS.length;

/** Index of the class of an age in TTLs; undefined for expired entries. */
export function ageClass(ageTtls: number): number | undefined {
  const found = CLASS_ENDS.findIndex((end) => ageTtls < end);
  return found < 0 ? undefined : found;
}

/** Sums over past restarts by age class, older ones faded. Entries that were lost, and extra calls that followed. */
export interface LossRecord {
  readonly lostEntries: readonly number[];
  readonly extraCalls: readonly number[];
}

export const NO_LOSSES: LossRecord = {
  lostEntries: new Array<number>(AGE_CLASSES).fill(0),
  extraCalls: new Array<number>(AGE_CLASSES).fill(0),
};

/** Each restart multiplies the weight of the earlier ones by this. */
const FADE = 0.97;
/** The assumption counts like so many lost entries of a class. */
const ASSUMED_ENTRIES = 12;

export function withLosses(
  record: LossRecord,
  lostEntries: readonly number[],
  extraCalls: readonly number[],
): LossRecord {
  return {
    lostEntries: record.lostEntries.map((value, index) => FADE * value + lostEntries[index]!),
    extraCalls: record.extraCalls.map((value, index) => FADE * value + extraCalls[index]!),
  };
}

/** Extra calls by age class for each lost entry. */
export type LossCost = readonly number[];

/**
 * @param askedAgain the share of lost entries that clients ask for again, as assumed before any restart
 */
export function lossCost({ lostEntries, extraCalls }: LossRecord, askedAgain: number): LossCost {
  return CLASS_ENDS.map((end, index) => {
    const middle = (end + (CLASS_ENDS[index - 1] ?? 0)) / 2;
    const assumed = askedAgain * (1 - middle);
    const cost = (ASSUMED_ENTRIES * assumed + extraCalls[index]!) / (ASSUMED_ENTRIES + lostEntries[index]!);
    return Math.min(Math.max(cost, 0), 1);
  });
}

/** Extra calls for a lost entry of this age. */
export function costAt(cost: LossCost, ageTtls: number): number {
  const found = ageClass(Math.max(0, ageTtls));
  return found === undefined ? 0 : cost[found]!;
}

/** The sum of the costs of entries that come evenly, one in each TTL, up to an age. */
export function costUpTo(cost: LossCost, ageTtls: number): number {
  let sum = 0;
  let start = 0;
  for (const [index, end] of CLASS_ENDS.entries()) {
    if (ageTtls <= start) break;
    sum += cost[index]! * (Math.min(end, ageTtls) - start);
    start = end;
  }
  return sum;
}
