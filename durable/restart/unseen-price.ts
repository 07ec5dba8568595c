/** Counts since a restart. */
interface Counts {
  readonly requests: number;
  readonly outbound: number;
}

/** Calls above the expectation by this many standard deviations are no chance. */
const DEVIATIONS = 3;

/**
 * What a restart cost at least, whether or not its calls are recognized as repeats: each may differ, by a nonce for example.
 * Outbound calls in excess of those that the same requests would have made with a full cache, beyond chance.
 */
export function unseenPrice({ requests, outbound }: Counts, hitShare: number): number {
  const expected = (1 - hitShare) * requests;
  return Math.max(0, outbound - expected - DEVIATIONS * Math.sqrt(Math.max(outbound, 1)));
}
