import { isKnown, type MaybeNumber } from "./text.ts";

/** Mean of the known values; NaN if there are none. */
export function average(values: readonly MaybeNumber[]): number {
  const known = values.filter(isKnown);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Greatest of the known values; NaN if there are none. */
export function greatest(values: readonly MaybeNumber[]): number {
  const known = values.filter(isKnown);
  return known.length > 0 ? Math.max(...known) : Number.NaN;
}

/** NaN unless both are known and `whole` is not 0. JavaScript would divide null as if it were 0. */
export function quotient(part: MaybeNumber, whole: MaybeNumber): number {
  return isKnown(part) && isKnown(whole) && whole !== 0 ? part / whole : Number.NaN;
}
