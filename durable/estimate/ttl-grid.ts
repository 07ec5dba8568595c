import { DEFAULT_CAPACITY } from "../metrics/samples.ts";

/** Number of candidate TTLs. The nearest is within 3 % with the default settings, and a sample costs microseconds. */
export const CANDIDATES = 96;

/** Candidates reach up to this many times the cap, so that a TTL above the cap is not taken for a shorter one. */
const BEYOND_CAP = 4;

/**
 * Candidate TTLs in ms, spaced by equal ratios: from the shortest that samples can resolve up to `BEYOND_CAP` times the
 * cap. No candidate is longer than the sample buffer, unless the cap is.
 */
export function ttlGrid(sampleIntervalMs: number, ttlCapMs: number): Float64Array {
  const shortestMs = Math.min(2 * sampleIntervalMs, ttlCapMs);
  const seenMs = sampleIntervalMs * (DEFAULT_CAPACITY - 1);
  const longestMs = Math.max(ttlCapMs, Math.min(BEYOND_CAP * ttlCapMs, seenMs));
  const ratio = (longestMs / shortestMs) ** (1 / (CANDIDATES - 1));
  return Float64Array.from({ length: CANDIDATES }, (_, index) => shortestMs * ratio ** index);
}
