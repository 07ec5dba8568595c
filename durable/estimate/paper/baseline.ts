export interface BaselineEstimate {
  bytes: number;
  source: "measured" | "estimated" | "default";
}

/** How many earlier generations the baseline remembers. */
export const REMEMBERED_GENERATIONS = 5;

/**
 * The baseline by the paper's rule: what a fresh instance grows back to, taken as the median of what the last five
 * earlier generations held when their collection ended ("estimated": their load need not be today's). Before there is
 * one, what this generation held then ("measured"); before that, what it holds now ("default").
 *
 * @param earlierBytes what earlier generations held at the end of their collection, oldest first.
 * @param heldBytes what this generation held at the end of its own, once it has come.
 */
export function baselineBytes(
  earlierBytes: readonly number[],
  heldBytes: number | undefined,
  allocatedBytes: number,
): BaselineEstimate {
  const earlier = median(earlierBytes.slice(-REMEMBERED_GENERATIONS));
  if (earlier !== undefined) return { bytes: earlier, source: "estimated" };
  if (heldBytes !== undefined) return { bytes: heldBytes, source: "measured" };
  return { bytes: allocatedBytes, source: "default" };
}

/** The middle value; of an even number the lower of the two, so that the baseline is an allocation that was seen. */
function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
