/** Counts since a restart. */
interface Counts {
  readonly requests: number;
  readonly outbound: number;
}

/** Calls above the expectation by this many standard deviations are no chance. */
const DEVIATIONS = 3;

/**
 * What a restart cost if its calls cannot be recognized as repeats, because each differs (a nonce, a time): outbound calls in
 * excess of those that the same requests would have made with a full cache. Rough: use it only if no repeat was seen.
 */
export function unseenPrice({ requests, outbound }: Counts, hitShare: number): number {
  const expected = (1 - hitShare) * requests;
  return Math.max(0, outbound - expected - DEVIATIONS * Math.sqrt(Math.max(outbound, 1)));
}
