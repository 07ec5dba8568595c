import { PAGE_BYTES } from "../../wasm/byte-units.ts";

/**
 * How a filter's memory grows, derived from past growth. A fresh instance grows back in the same steps, so the rule rounds
 * required bytes up to allocated bytes.
 */
export type GrowthRule =
  /** Single pages, or steps without a recognizable rule. */
  | { readonly kind: "pages" }
  /** Always a multiple of `stepBytes`, like Go's arenas. */
  | { readonly kind: "arenas"; readonly stepBytes: number }
  /** By a share of the current size; 1 is doubling. */
  | { readonly kind: "proportional"; readonly share: number };

/** Growth within one sample; perhaps several steps of the allocator. */
export interface GrowthStep {
  readonly fromBytes: number;
  readonly grownBytes: number;
}

/** Minimum number of steps for a rule. */
const MIN_STEPS = 3;
/** A power of two of at least this many pages is no accident: allocators use such arenas. */
const ARENA_PAGES = 16;
/** Any other arena size needs this many steps. */
const CHANCE_STEPS = 12;
/** A rule is derived from this many of the last steps. */
export const REMEMBERED_STEPS = 16;
/** Below this size, rounding to pages hides any share. */
const TELLING_BYTES = 8 * PAGE_BYTES;
/** Growth by less than this share is not proportional. */
const MIN_SHARE = 0.08;
/** The largest and smallest size must differ by this factor, to tell growth by a share from growth by an amount. */
const APART = 1.4;
/** From this share on, two steps are enough: growth by the same amount twice would give two very different shares. */
const LARGE_SHARE = 0.5;
/** Maximum distance of a step from a whole number of steps of the rule. */
const TOLERANCE = 0.25;

/** The rule that the steps follow; undefined if there are too few steps. */
export function growthRuleOf(steps: readonly GrowthStep[]): GrowthRule | undefined {
  if (steps.length < MIN_STEPS) return undefined;
  return proportional(steps) ?? arenas(steps) ?? { kind: "pages" };
}

/** The rule if all steps are multiples of one size. With few steps, an odd size may be a coincidence of the sampling. */
function arenas(steps: readonly GrowthStep[]): GrowthRule | undefined {
  let stepBytes = 0;
  for (const { grownBytes } of steps) stepBytes = greatestCommonDivisor(grownBytes, stepBytes);
  const pages = stepBytes / PAGE_BYTES;
  const isTelling = pages >= ARENA_PAGES && Number.isInteger(Math.log2(pages));
  return pages > 1 && (isTelling || steps.length >= CHANCE_STEPS) ? { kind: "arenas", stepBytes } : undefined;
}

/**
 * The rule if every step from a large enough size is a whole number of steps by one share (the smallest seen), and single
 * steps grow with the size. The second condition excludes growth by about the same number of pages in every sample: its
 * share falls as the size rises, but over a few steps chance can hide that.
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

/** Bytes of the next growth step from this size. */
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

/** Number of steps of the rule in one growth; at least one. */
export function stepsIn(rule: GrowthRule | undefined, { fromBytes, grownBytes }: GrowthStep): number {
  if (rule?.kind === "proportional") {
    return Math.max(1, Math.round(Math.log1p(grownBytes / Math.max(fromBytes, 1)) / Math.log1p(rule.share)));
  }
  return Math.max(1, Math.round(grownBytes / nextStepBytes(rule, fromBytes)));
}

/** Size of an instance that started with `startBytes`, once it needs `neededBytes`. */
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
