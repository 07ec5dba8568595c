import type { Random } from "./random.ts";

/**
 * Draws from 0 to `size - 1`. The probability of `i` is proportional to `1 / (i + 1) ** exponent`: few users make most of
 * the requests, and many come once. With exponent 0 all are equally frequent; 1 resembles web traffic.
 */
export function zipfSampler(size: number, exponent: number, random: Random): () => number {
  const cumulative = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < size; i++) {
    total += 1 / (i + 1) ** exponent;
    cumulative[i] = total;
  }
  return () => firstAbove(cumulative, random() * total);
}

/** Index of the first value greater than `limit`, in ascending values; the last index if none is. */
function firstAbove(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
