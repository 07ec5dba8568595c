import { isKnown, type MaybeNumber } from "./text.ts";

/** The mean of what is known; NaN of nothing. */
export function average(values: readonly MaybeNumber[]): number {
  const known = values.filter(isKnown);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** The greatest of what is known; NaN of nothing. */
export function greatest(values: readonly MaybeNumber[]): number {
  const known = values.filter(isKnown);
  return known.length > 0 ? Math.max(...known) : Number.NaN;
}

/** NaN unless both are known: in JavaScript null divided by anything is 0, and would be shown as a result. */
export function quotient(part: MaybeNumber, whole: MaybeNumber): number {
  return isKnown(part) && isKnown(whole) && whole !== 0 ? part / whole : Number.NaN;
}
