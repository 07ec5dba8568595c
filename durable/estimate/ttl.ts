import type { FitVerdict } from "./growth-fit.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/**
 * How certain the TTL is. `measured`: growth and its end agree on one TTL. `bounded`: there is a lower bound, or an
 * estimate not yet confirmed. `default`: there is no evidence yet.
 */
export type Confidence = "measured" | "bounded" | "default";

export interface Ttl {
  /** At most the cap. */
  readonly ms: number;
  readonly confidence: Confidence;
  /** Entries seem to live longer than the cap. */
  readonly beyondCap: boolean;
  /** Bounds between which the TTL most likely lies. */
  readonly minMs: number;
  readonly maxMs: number;
}

export interface TtlLimits {
  /** The longest time since any generation's cache was empty: no longer TTL can have been seen. */
  readonly longestAgeMs: number;
  readonly capMs: number;
  /** The TTL to assume while none is known. */
  readonly defaultMs: number;
  /** Maximum root mean square error of a fit. Above it, the events do not come from entries that live for one TTL. */
  readonly errorBytes: number;
}

/** Maximum standard deviation of ln T for a measured TTL: one in a hundred is then off by a quarter. */
const SURE = 0.085;
/** An instance must be older than this many TTLs: a short pause in growth may look like its end. */
const SEEN = 1.5;
/** Maximum weight of candidates above the cap, or too long for the observed age, for a measured TTL. */
const OPEN = 0.03;
/** Minimum weight above the cap to conclude that entries live longer. */
const BEYOND = 0.9;
/** If the true TTL equals the cap, the estimate may be a little above it. */
const TOLERANCE = 1.1;
/** Weight outside of each bound. */
const TAIL = 0.05;

/**
 * Derives the TTL from the weights of all candidates.
 * @param fitted undefined before there are enough growth events
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
    // The longest possible TTL is the safe choice; above the default only if the lower bound requires it.
    ms: Math.max(minMs, Math.min(maxMs, defaultMs)),
    confidence: minMs > grid[0]! ? "bounded" : "default",
    beyondCap: beyond >= BEYOND && longestAgeMs > capMs,
    minMs,
    maxMs,
  };
}

/** The TTL below which this share of the weight lies. */
function quantileMs(weights: Float64Array, grid: Float64Array, share: number): number {
  let below = 0;
  for (let c = 0; c < CANDIDATES; c += 1) {
    below += weights[c]!;
    if (below > share) return grid[c]!;
  }
  return grid[CANDIDATES - 1]!;
}

/** Index of the candidate nearest to a TTL. */
export function candidateFor(ttlMs: number, grid: Float64Array): number {
  let nearest = 0;
  for (let c = 1; c < CANDIDATES; c += 1) {
    if (Math.abs(grid[c]! - ttlMs) < Math.abs(grid[nearest]! - ttlMs)) nearest = c;
  }
  return nearest;
}
