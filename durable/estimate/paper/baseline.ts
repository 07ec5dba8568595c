export interface BaselineEstimate {
  bytes: number;
  source: "measured" | "estimated" | "default";
}

/** Number of earlier generations used for the baseline. */
export const REMEMBERED_GENERATIONS = 5;

/**
 * The baseline by the paper's rule: the size to which a fresh instance grows back. "estimated": the median size of the last
 * five earlier generations when their collection ended, since their load may differ from today's. "measured": if there are
 * none, this generation's size when its collection ended. "default": before that, its current size.
 *
 * @param earlierBytes sizes of earlier generations when their collection ended, oldest first
 * @param heldBytes this generation's size when its collection ended; undefined before that
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

/** The middle value, or the lower of two, so that the baseline is a size that occurred. */
function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
