/**
 * The expected and actual costs of past restarts: sums in outbound calls, older restarts faded. The expectation assumes
 * that all entries are equally likely to be requested again. In reality a few entries get most requests.
 */
export interface PriceRecord {
  readonly expectedCalls: number;
  readonly actualCalls: number;
}

export const NO_PRICES: PriceRecord = { expectedCalls: 0, actualCalls: 0 };

/** Each restart multiplies the weight of the earlier ones by this. */
const FADE = 0.97;
/** Weight of the initial assumption, in restarts … */
const PRIOR_RESTARTS = 0.3;
/** … that they cost this share of the expectation, as they do if a few entries get most requests. */
const PRIOR_FACTOR = 0.4;
const MIN_FACTOR = 0.1;
const MAX_FACTOR = 10;

export function afterRestart(record: PriceRecord, expectedCalls: number, actualCalls: number): PriceRecord {
  return {
    expectedCalls: FADE * record.expectedCalls + expectedCalls,
    // May be negative: random errors of several restarts cancel out.
    actualCalls: FADE * record.actualCalls + actualCalls,
  };
}

/** Factor that corrects the expected cost of the next restart. */
export function priceFactor({ expectedCalls, actualCalls }: PriceRecord, expectedNow: number): number {
  const prior = PRIOR_RESTARTS * expectedNow;
  const factor = (PRIOR_FACTOR * prior + actualCalls) / (prior + expectedCalls);
  return Number.isFinite(factor) ? Math.min(Math.max(factor, MIN_FACTOR), MAX_FACTOR) : PRIOR_FACTOR;
}
