/**
 * How far restarts cost what they were expected to: sums over past restarts, in outbound calls, older ones faded. The
 * expectation takes all entries as equally likely to be asked for again; in truth a few are, and most are not.
 */
export interface PriceRecord {
  readonly expectedCalls: number;
  readonly actualCalls: number;
}

export const NO_PRICES: PriceRecord = { expectedCalls: 0, actualCalls: 0 };

/** What counts of the past once there is one restart more. */
const FADE = 0.97;
/** Before anything is known, so many restarts are taken to have cost … */
const PRIOR_RESTARTS = 0.3;
/** … this part of what was expected, as they do where few entries are asked for often and most never again. */
const PRIOR_FACTOR = 0.4;
const MIN_FACTOR = 0.1;
const MAX_FACTOR = 10;

export function afterRestart(record: PriceRecord, expectedCalls: number, actualCalls: number): PriceRecord {
  return {
    expectedCalls: FADE * record.expectedCalls + expectedCalls,
    // Below zero too: what chance adds at one restart it takes away at another.
    actualCalls: FADE * record.actualCalls + actualCalls,
  };
}

/** By how much the expectation is to be corrected. */
export function priceFactor({ expectedCalls, actualCalls }: PriceRecord, expectedNow: number): number {
  const prior = PRIOR_RESTARTS * expectedNow;
  const factor = (PRIOR_FACTOR * prior + actualCalls) / (prior + expectedCalls);
  return Number.isFinite(factor) ? Math.min(Math.max(factor, MIN_FACTOR), MAX_FACTOR) : PRIOR_FACTOR;
}
