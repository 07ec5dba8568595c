/** Pauses before a filter that failed is started again. */
export const BACKOFF = {
  /** The first pause. Starting a filter can take 10 ms of CPU; without a pause every request could ask for it. */
  baseMs: 1_000,
  /** The longest pause: what an outage of the filter's own lasts beyond its cause, at worst. */
  capMs: 60_000,
  /** Time without a failure that ends a row of them. */
  healthyMs: 60_000,
} as const;

/**
 * How long to wait before the next start: the base, doubled with each pause in a row up to the cap, less up to half of it
 * at random, so that the objects of many shards do not start in step.
 *
 * @param pauses pauses in a row, this one included; from 1
 * @param random from 0 up to, but not including, 1
 */
export function backoffMs(pauses: number, random: number): number {
  const wholeMs = Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (pauses - 1));
  return wholeMs * (1 - random / 2);
}
