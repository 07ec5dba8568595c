import { median } from "../median.ts";

/** How a linear memory grew. Sizes are pages of 65,536 bytes. */
export type GrowthRule =
  /** It did not grow. */
  | { readonly kind: "none" }
  /** It grew, but too rarely to tell a rule. */
  | { readonly kind: "unclear"; readonly steps: number }
  | { readonly kind: "page-by-page" }
  /** Always by the same number of pages, more than one. */
  | { readonly kind: "arenas"; readonly pages: number }
  | { readonly kind: "doubling" }
  /** By a share of the previous size. */
  | { readonly kind: "percent"; readonly percent: number }
  | { readonly kind: "irregular" };

/** One growth would fit every rule, and two would fit any share. */
const FEWEST_STEPS = 3;
/** Most steps in one growth: a request may allocate more than one. */
const MAX_STEPS_AT_ONCE = 4;
/** Allocators round to whole pages, so shares are only approximately equal. */
const SHARE_TOLERANCE = 0.12;

/**
 * The rule behind a series of sizes.
 * @param sizes pages after each request, or only after those that changed them; never shrinking
 */
export function growthRule(sizes: readonly number[]): GrowthRule {
  const grown = sizes.filter((size, index) => index === 0 || size !== sizes[index - 1]);
  const steps = grown.slice(1).map((size, index) => ({ by: size - grown[index]!, from: grown[index]! }));
  if (steps.length === 0) return { kind: "none" };
  if (steps.length < FEWEST_STEPS) {
    // Equal growths from different sizes do not fit a share, and two doublings do not fit an arena.
    const doubled = steps.every(({ by, from }) => by === from);
    return doubled && steps.length === 2 ? { kind: "doubling" } : { kind: "unclear", steps: steps.length };
  }

  const smallest = Math.min(...steps.map(({ by }) => by));
  const usual = steps.filter(({ by }) => by === smallest).length * 2 >= steps.length;
  if (usual && steps.every(({ by }) => by % smallest === 0 && by / smallest <= MAX_STEPS_AT_ONCE)) {
    return smallest === 1 ? { kind: "page-by-page" } : { kind: "arenas", pages: smallest };
  }

  const shares = steps.map(({ by, from }) => by / from);
  if (shares.every((share) => share === 1)) return { kind: "doubling" };
  // In small memories one page is a large share, so only the later steps count.
  const share = median(shares.slice(Math.floor(shares.length / 2)));
  const fitting = steps.filter(({ by, from }) => Math.abs(by - share * from) <= Math.max(1, SHARE_TOLERANCE * by));
  if (fitting.length < steps.length * 0.8) return { kind: "irregular" };
  return Math.abs(share - 1) <= SHARE_TOLERANCE
    ? { kind: "doubling" }
    : { kind: "percent", percent: Math.round(share * 100) };
}

export function growthText(rule: GrowthRule): string {
  switch (rule.kind) {
    case "none":
      return "none";
    case "unclear":
      return `grew ${rule.steps === 1 ? "once" : "twice"}, too seldom to tell a rule`;
    case "page-by-page":
      return "page by page";
    case "arenas":
      return `arenas of ${rule.pages} pages`;
    case "doubling":
      return "doubling";
    case "percent":
      return `+${rule.percent} %`;
    case "irregular":
      return "irregular";
  }
}
