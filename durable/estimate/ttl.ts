import type { FitVerdict } from "./growth-fit.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/**
 * How sure the TTL is. `measured`: growth and its end agree on one. `bounded`: entries are known to live at least so long,
 * but not how long. `default`: nothing speaks for any value yet.
 */
export type Confidence = "measured" | "bounded" | "default";

export interface Ttl {
  /** At most the cap. */
  readonly ms: number;
  readonly confidence: Confidence;
  /** Entries seem to live longer than the cap allows to believe. */
  readonly beyondCap: boolean;
  /** Between these it lies, in all likelihood. */
  readonly minMs: number;
  readonly maxMs: number;
}

export interface TtlLimits {
  /** The greatest age any generation has reached: no longer TTL can have been seen. */
  readonly longestAgeMs: number;
  readonly capMs: number;
  /** The TTL while none is known. */
  readonly defaultMs: number;
  /** Events that lie further from every line, in root mean square, were not made by entries that live for one TTL. */
  readonly errorBytes: number;
}

/** Standard deviation of ln T up to which a TTL counts as measured: one in a hundred is then off by a quarter. */
const SURE = 0.085;
/** An instance must have been seen for so many TTLs: what only seems to end soon goes on. */
const SEEN = 1.5;
/** Weight that may lie beyond the present age or the cap without the TTL counting as open upwards. */
const OPEN = 0.03;
/** Weight beyond the cap from which entries count as living longer. */
const BEYOND = 0.9;
/** A TTL may be estimated a little above a cap that is just it. */
const TOLERANCE = 1.1;
/** A bound is what all but this share of the weight lies above, or below. */
const TAIL = 0.05;

/**
 * The TTL that the weights of all candidates speak for.
 * @param fitted undefined before there are growth events enough
 */
export function ttlFrom(fitted: FitVerdict | undefined, grid: Float64Array, limits: TtlLimits): Ttl {
  const { longestAgeMs, capMs, defaultMs, errorBytes: allowedBytes } = limits;
  if (fitted === undefined) {
    return { ms: defaultMs, confidence: "default", beyondCap: false, minMs: grid[0]!, maxMs: capMs };
  }
  const { weights, errorBytes } = fitted;
  let mean = 0;
  let square = 0;
  let open = 0;
  let beyond = 0;
  for (let c = 0; c < CANDIDATES; c += 1) {
    const log = Math.log(grid[c]!);
    mean += weights[c]! * log;
    square += weights[c]! * log * log;
    if (grid[c]! * SEEN >= longestAgeMs || grid[c]! > TOLERANCE * capMs) open += weights[c]!;
    if (grid[c]! > TOLERANCE * capMs) beyond += weights[c]!;
  }
  const deviation = Math.sqrt(Math.max(0, square - mean * mean));
  const minMs = Math.min(quantileMs(weights, grid, TAIL), capMs);
  const maxMs = Math.min(quantileMs(weights, grid, 1 - TAIL), capMs);
  if (deviation <= SURE && open <= OPEN && errorBytes <= allowedBytes) {
    return { ms: Math.min(Math.exp(mean), capMs), confidence: "measured", beyondCap: false, minMs, maxMs };
  }
  return {
    // Of what is possible, and not longer than the default unless it must be, the longest is the safe side.
    ms: Math.max(minMs, Math.min(maxMs, defaultMs)),
    confidence: minMs > grid[0]! ? "bounded" : "default",
    beyondCap: beyond >= BEYOND && longestAgeMs > capMs,
    minMs,
    maxMs,
  };
}

/** The candidate below which this share of the weight lies. */
function quantileMs(weights: Float64Array, grid: Float64Array, share: number): number {
  let below = 0;
  for (let c = 0; c < CANDIDATES; c += 1) {
    below += weights[c]!;
    if (below > share) return grid[c]!;
  }
  return grid[CANDIDATES - 1]!;
}

/** The candidate nearest to a TTL. */
export function candidateFor(ttlMs: number, grid: Float64Array): number {
  let nearest = 0;
  for (let c = 1; c < CANDIDATES; c += 1) {
    if (Math.abs(grid[c]! - ttlMs) < Math.abs(grid[nearest]! - ttlMs)) nearest = c;
  }
  return nearest;
}
