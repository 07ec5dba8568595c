import { DEFAULT_CAPACITY } from "../metrics/samples.ts";

/** Candidates for the TTL: enough that the nearest lies within 3 %, few enough for microseconds a sample. */
export const CANDIDATES = 96;

/** Candidates reach so far beyond the cap: a TTL that is longer than believed must not be taken for a shorter one. */
const BEYOND_CAP = 4;

/**
 * Candidate TTLs, in ms, spaced by equal ratios: from the shortest that samples can resolve up to some times the cap, as
 * far as samples reach back.
 */
export function ttlGrid(sampleIntervalMs: number, ttlCapMs: number): Float64Array {
  const shortestMs = Math.min(2 * sampleIntervalMs, ttlCapMs);
  const seenMs = sampleIntervalMs * (DEFAULT_CAPACITY - 1);
  const longestMs = Math.max(ttlCapMs, Math.min(BEYOND_CAP * ttlCapMs, seenMs));
  const ratio = (longestMs / shortestMs) ** (1 / (CANDIDATES - 1));
  return Float64Array.from({ length: CANDIDATES }, (_, index) => shortestMs * ratio ** index);
}
