import { average, greatest } from "./average.ts";
import { isKnown, type MaybeNumber } from "./text.ts";

/** A mean, and the worst single run behind it. */
export interface Spread {
  readonly mean: number;
  readonly worst: number;
}

/** Of the known values; the greatest is the worst. */
export function spread(values: readonly MaybeNumber[]): Spread {
  return { mean: average(values), worst: greatest(values) };
}

/** The mean of the means and the worst of all; unknown if one is, because every average is over its whole set. */
export function spreadOver(spreads: readonly Spread[]): Spread {
  const worst = spreads.map((each) => each.worst);
  return {
    mean: wholeAverage(spreads.map(({ mean }) => mean)),
    worst: worst.every(isKnown) ? greatest(worst) : Number.NaN,
  };
}

/** Mean of the values; NaN if one is unknown. */
export function wholeAverage(values: readonly MaybeNumber[]): number {
  return values.every(isKnown) ? average(values) : Number.NaN;
}
