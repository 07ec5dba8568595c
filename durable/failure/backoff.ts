/** Pauses before a failed filter is started again. */
export const BACKOFF = {
  /** The first pause. Starting a filter can take 10 ms of CPU; without a pause every request could cause a start. */
  baseMs: 1_000,
  /** The longest pause: at worst, an outage of the filter lasts this much longer than its cause. */
  capMs: 60_000,
  /** Time without a failure that ends a streak of failures. */
  healthyMs: 60_000,
} as const;

/**
 * How long to wait before the next start: the base, doubled with each successive pause up to the cap, minus up to half at
 * random, so that the objects of many shards do not start in step.
 *
 * @param pauses successive pauses including this one; from 1
 * @param random from 0 up to, but not including, 1
 */
export function backoffMs(pauses: number, random: number): number {
  const wholeMs = Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (pauses - 1));
  return wholeMs * (1 - random / 2);
}
