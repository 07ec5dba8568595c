import type { BaselineReading } from "../../../config/index.ts";

export interface BaselineEstimate {
  bytes: number;
  source: "measured" | "estimated" | "default";
}

/** Sizes of instances when their collection ended. */
export interface HeldAfterCollecting {
  /** Of this generation; undefined before its collection ended, and if it had nothing left to collect. */
  readonly own: number | undefined;
  /** Of earlier generations, oldest first. */
  readonly earlier: readonly number[];
}

/** Number of earlier generations used for the baseline. */
export const REMEMBERED_GENERATIONS = 5;

/**
 * The paper's baseline: the size to which a fresh instance grows back. It has two readings:
 *
 * - `generation`: the size of this generation when its collection ended. Before that, and if it had nothing left to collect
 *   after an eviction, the size of the last generation whose collection ended.
 * - `remembered`: the median of the last five earlier generations. If there are none, this generation's size.
 *
 * "measured" in this generation; "estimated" from earlier ones, whose load may differ; if nothing is known, the current size
 * by "default".
 */
export function baselineBytes(
  reading: BaselineReading,
  { own, earlier }: HeldAfterCollecting,
  allocatedBytes: number,
): BaselineEstimate {
  const known = earlier.slice(-REMEMBERED_GENERATIONS);
  const remembered = reading === "generation" ? known.at(-1) : median(known);
  const measured = own === undefined ? undefined : ({ bytes: own, source: "measured" } as const);
  const estimated = remembered === undefined ? undefined : ({ bytes: remembered, source: "estimated" } as const);
  const found = reading === "generation" ? (measured ?? estimated) : (estimated ?? measured);
  return found ?? { bytes: allocatedBytes, source: "default" };
}

/** The middle value, or the lower of two, so that the baseline is a size that occurred. */
function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
