import { FILL_STEPS, type FillShape } from "../estimate/fill-phase.ts";
import { type GrowthRule, grownTo } from "../estimate/growth-rule.ts";
import { costAt, costUpTo, type LossCost } from "../estimate/loss-cost.ts";

/** What a rhythm of restarts without handover depends on. Bytes, and ages in TTLs. */
export interface CycleModel {
  readonly fill: FillShape;
  /** N: outbound calls of a full cache in one TTL, which is also the number of its entries. */
  readonly demandCalls: number;
  readonly lossCost: LossCost;
  readonly startBytes: number;
  readonly fixedBytes: number;
  readonly bytesPerEntry: number;
  readonly growthRule: GrowthRule | undefined;
  /** Entries are never freed. */
  readonly leaks: boolean;
}

/** Ages, in TTLs, at which a cycle may end. */
const AGES = [
  ...Array.from({ length: FILL_STEPS }, (_, step) => (step + 1) / FILL_STEPS),
  ...[1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1_024, 2_048],
];

/** What a rhythm of restarts costs: mean allocated bytes, and extra outbound calls in one TTL. */
export interface Rhythm {
  readonly ageTtls: number;
  readonly meanBytes: number;
  readonly callsInTtl: number;
}

/** Allocated bytes of an instance at an age, in TTLs, that began empty under today's load. */
export function freshBytesAt(model: CycleModel, ageTtls: number): number {
  const { startBytes, fixedBytes, bytesPerEntry, growthRule } = model;
  return grownTo(growthRule, startBytes, fixedBytes + bytesPerEntry * mostEntries(model, ageTtls));
}

/** Entries of a filling cache at one TTL, as a share of a full one: it has also made the extra calls of its restart. */
function overshoot({ fill, lossCost }: CycleModel): number {
  return Math.max(fill[FILL_STEPS - 1]!, 1 + costUpTo(lossCost, 1));
}

/** The most entries until an age: what fills in, and above it the peaks of a Poisson count. */
function mostEntries(model: CycleModel, ageTtls: number): number {
  const { fill, demandCalls, leaks } = model;
  const full = overshoot(model);
  if (ageTtls < 1) return (demandCalls * filledAt(fill, ageTtls) * full) / fill[FILL_STEPS - 1]!;
  if (leaks) return demandCalls * (full + (ageTtls - 1));
  const peak = demandCalls + Math.sqrt(2 * demandCalls * Math.log(Math.max(1, ageTtls)));
  return Math.max(demandCalls * full, peak);
}

function filledAt(fill: FillShape, ageTtls: number): number {
  const at = Math.min(Math.max(ageTtls, 0), 1) * FILL_STEPS;
  const step = Math.floor(at);
  const before = step === 0 ? 0 : fill[step - 1]!;
  const after = fill[Math.min(step, FILL_STEPS - 1)]!;
  return before + (at - step) * (after - before);
}

/** Extra calls of a restart at an age. */
function priceAt({ fill, demandCalls, lossCost }: CycleModel, ageTtls: number): number {
  if (ageTtls >= 1) return demandCalls * costUpTo(lossCost, 1);
  const steps = Math.max(1, Math.round(ageTtls * FILL_STEPS));
  let price = 0;
  for (let step = 0; step < steps; step += 1) {
    const entries = fill[step]! - (step === 0 ? 0 : fill[step - 1]!);
    price += entries * costAt(lossCost, ageTtls - (step + 0.5) / FILL_STEPS);
  }
  return demandCalls * price;
}

/** All rhythms, from the shortest cycle to the longest. */
export function rhythms(model: CycleModel): Rhythm[] {
  let area = 0;
  let lastAge = 0;
  let lastBytes = model.startBytes;
  return AGES.map((ageTtls): Rhythm => {
    const bytes = freshBytesAt(model, ageTtls);
    area += ((bytes + lastBytes) / 2) * (ageTtls - lastAge);
    lastAge = ageTtls;
    lastBytes = bytes;
    return { ageTtls, meanBytes: area / ageTtls, callsInTtl: priceAt(model, ageTtls) / ageTtls };
  });
}

/** The exchange rate, and what the best rhythm costs at it. */
export interface BestRhythm {
  /** Bytes held for one TTL that an outbound call is worth. */
  readonly bytesPerCall: number;
  /** The least long-run cost in bytes: what is held, and the calls at their rate. This is the baseline of the paper. */
  readonly baselineBytes: number;
  readonly meanBytes: number;
  readonly ageTtls: number;
}

/** Rhythms are equally good if their costs differ by less than this share. */
const EQUAL = 0.002;

/**
 * The best rhythm that costs at most `maxCallsInTtl`: the exchange rate is the lowest at which no dearer rhythm pays.
 * On the lower convex hull of all rhythms by calls, that is the slope at the allowed calls. Of equally good rhythms, the one
 * that holds least.
 */
export function bestRhythm(all: readonly Rhythm[], maxCallsInTtl: number): BestRhythm {
  const hull = lowerHull(all);
  const next = hull.findIndex(({ callsInTtl }) => callsInTtl > maxCallsInTtl);
  const onHull = hull[Math.max(0, next < 0 ? hull.length - 1 : next - 1)]!;
  const bytesPerCall = next < 0 ? 0 : slope(hull[Math.max(0, next - 1)]!, hull[Math.max(1, next)] ?? onHull);
  const baselineBytes = onHull.meanBytes + bytesPerCall * onHull.callsInTtl;
  let best = onHull;
  for (const rhythm of all) {
    const cost = rhythm.meanBytes + bytesPerCall * rhythm.callsInTtl;
    const isAffordable = rhythm.callsInTtl <= maxCallsInTtl && cost <= (1 + EQUAL) * baselineBytes;
    if (isAffordable && rhythm.meanBytes < best.meanBytes) best = rhythm;
  }
  return { bytesPerCall, baselineBytes, meanBytes: best.meanBytes, ageTtls: best.ageTtls };
}

/** Bytes saved for each call from one rhythm to a dearer one. */
function slope(from: Rhythm, to: Rhythm): number {
  const calls = to.callsInTtl - from.callsInTtl;
  return calls > 0 ? (from.meanBytes - to.meanBytes) / calls : 0;
}

/** The rhythms that are best at some exchange rate, by rising calls. */
function lowerHull(all: readonly Rhythm[]): Rhythm[] {
  const hull: Rhythm[] = [];
  for (const next of [...all].sort((a, b) => a.callsInTtl - b.callsInTtl || a.meanBytes - b.meanBytes)) {
    while (hull.length > 0 && hull.at(-1)!.callsInTtl === next.callsInTtl && hull.at(-1)!.meanBytes > next.meanBytes)
      hull.pop();
    while (hull.length >= 2 && !turnsUp(hull.at(-2)!, hull.at(-1)!, next)) hull.pop();
    if (hull.length === 0 || next.meanBytes < hull.at(-1)!.meanBytes) hull.push(next);
  }
  return hull;
}

function turnsUp(a: Rhythm, b: Rhythm, c: Rhythm): boolean {
  return (
    (b.meanBytes - a.meanBytes) * (c.callsInTtl - a.callsInTtl) <
    (c.meanBytes - a.meanBytes) * (b.callsInTtl - a.callsInTtl)
  );
}
