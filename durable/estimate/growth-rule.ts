import { PAGE_BYTES } from "../../wasm/byte-units.ts";
/**
 * How a guest's memory grows, told from the steps in which it grew. A fresh instance grows back by the same steps, so the
 * rule rounds what is needed up to what will be held.
 */
export type GrowthRule =
  /** Single pages, or what cannot be told from them. */
  | { readonly kind: "pages" }
  /** Always a multiple of so many bytes, as Go's arenas. */
  | { readonly kind: "arenas"; readonly stepBytes: number }
  /** By a share of what is held; 1 is doubling. */
  | { readonly kind: "proportional"; readonly share: number };

/** Memory grew from so many bytes by so many, in one sample and so perhaps in several steps. */
export interface GrowthStep {
  readonly fromBytes: number;
  readonly grownBytes: number;
}

/** Fewer steps tell nothing. */
const MIN_STEPS = 3;
/** A power of two of so many pages is no accident: allocators take such arenas. */
const ARENA_PAGES = 16;
/** Any other size must be seen so often. */
const CHANCE_STEPS = 12;
/** Steps that a rule is told from. */
export const REMEMBERED_STEPS = 16;
/** Below this size rounding to pages hides any share. */
const TELLING_BYTES = 8 * PAGE_BYTES;
/** Memory that grew by less than this share does not grow in proportion. */
const MIN_SHARE = 0.08;
/** By how much sizes must differ at which memory grew by the same share, for it not to have been the same amount. */
const APART = 1.4;
/** From this share on two steps tell: the same amount twice would be two shares far apart. */
const LARGE_SHARE = 0.5;
/** How far a step may lie from a whole number of steps of the rule. */
const TOLERANCE = 0.25;

/** The rule that the steps follow, or undefined as long as there are too few of them. */
export function growthRuleOf(steps: readonly GrowthStep[]): GrowthRule | undefined {
  if (steps.length < MIN_STEPS) return undefined;
  return proportional(steps) ?? arenas(steps) ?? { kind: "pages" };
}

/** All steps are multiples of one size. That many pages may also have been what each of a few samples happened to see. */
function arenas(steps: readonly GrowthStep[]): GrowthRule | undefined {
  let stepBytes = 0;
  for (const { grownBytes } of steps) stepBytes = greatestCommonDivisor(grownBytes, stepBytes);
  const pages = stepBytes / PAGE_BYTES;
  const isTelling = pages >= ARENA_PAGES && Number.isInteger(Math.log2(pages));
  return pages > 1 && (isTelling || steps.length >= CHANCE_STEPS) ? { kind: "arenas", stepBytes } : undefined;
}

/**
 * All telling steps are whole numbers of steps by one share, that of the smallest, and single steps grew with the size from
 * which they were made. That is not yet so where every sample sees about as many pages as the one before: their share of
 * what is held falls, and chance can hide it over a few steps.
 */
function proportional(steps: readonly GrowthStep[]): GrowthRule | undefined {
  const telling = steps.filter(({ fromBytes }) => fromBytes >= TELLING_BYTES);
  const share = Math.min(...telling.map(({ fromBytes, grownBytes }) => grownBytes / fromBytes));
  if (!(share >= MIN_SHARE) || telling.length === 0) return undefined;
  const stepsOf = ({ fromBytes, grownBytes }: GrowthStep) => Math.log1p(grownBytes / fromBytes) / Math.log1p(share);
  const fits = telling.every((step) => {
    const count = stepsOf(step);
    const slack = PAGE_BYTES / (share * step.fromBytes);
    return Math.abs(count - Math.round(count)) <= Math.min(TOLERANCE, 0.1 + slack);
  });
  if (!fits) return undefined;
  const singles = telling.filter((step) => Math.round(stepsOf(step)) === 1).sort((a, b) => a.fromBytes - b.fromBytes);
  if (singles.length < (share >= LARGE_SHARE ? 2 : 4)) return undefined;
  const [least, most] = [singles[0]!, singles.at(-1)!];
  const larger = most.fromBytes / least.fromBytes;
  return larger >= APART && most.grownBytes >= 0.75 * larger * least.grownBytes
    ? { kind: "proportional", share }
    : undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Bytes by which memory of this size grows next. */
export function nextStepBytes(rule: GrowthRule | undefined, allocatedBytes: number): number {
  switch (rule?.kind) {
    case "arenas":
      return rule.stepBytes;
    case "proportional":
      return Math.max(PAGE_BYTES, wholePages(allocatedBytes * rule.share));
    default:
      return PAGE_BYTES;
  }
}

/** Steps of the rule in which memory grew; at least one. */
export function stepsIn(rule: GrowthRule | undefined, { fromBytes, grownBytes }: GrowthStep): number {
  if (rule?.kind === "proportional") {
    return Math.max(1, Math.round(Math.log1p(grownBytes / Math.max(fromBytes, 1)) / Math.log1p(rule.share)));
  }
  return Math.max(1, Math.round(grownBytes / nextStepBytes(rule, fromBytes)));
}

/** What an instance that starts with `startBytes` holds once it needs `neededBytes`. */
export function grownTo(rule: GrowthRule | undefined, startBytes: number, neededBytes: number): number {
  if (!(neededBytes > startBytes)) return startBytes;
  if (rule?.kind !== "proportional") {
    const stepBytes = nextStepBytes(rule, startBytes);
    return startBytes + Math.ceil((neededBytes - startBytes) / stepBytes) * stepBytes;
  }
  const steps = Math.ceil(Math.log(neededBytes / Math.max(startBytes, PAGE_BYTES)) / Math.log1p(rule.share) - 1e-9);
  return Math.max(neededBytes, wholePages(Math.max(startBytes, PAGE_BYTES) * (1 + rule.share) ** Math.max(0, steps)));
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
