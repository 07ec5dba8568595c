/** Upper bounds of the histogram's buckets, in ms, inclusive; a last bucket has everything above. */
export const LATENCY_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** Durations, counted by bucket. */
export interface LatencyCounts {
  /** One count for each bound, and one for everything above the last. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** A histogram that only grows. */
export class LatencyHistogram {
  readonly #counts: number[];
  #sumMs: number;

  constructor({ counts, sumMs }: LatencyCounts = { counts: [], sumMs: 0 }) {
    this.#counts = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, index) => counts[index] ?? 0);
    this.#sumMs = sumMs;
  }

  /** @param ms a clock that was set back gives less than 0, which counts as 0 */
  add(ms: number): void {
    const tookMs = Math.max(0, ms);
    const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => tookMs <= bound);
    this.#counts[bucket < 0 ? LATENCY_BOUNDS_MS.length : bucket]! += 1;
    this.#sumMs += tookMs;
  }

  snapshot(): LatencyCounts {
    return { counts: [...this.#counts], sumMs: Math.round(this.#sumMs) };
  }
}

/**
 * The duration below which a share of the calls was, by interpolation in its bucket, in ms; null without any call. A call
 * above the last bound counts as the last bound.
 */
export function quantileMs({ counts }: Pick<LatencyCounts, "counts">, share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [index, count] of counts.entries()) {
    const upper = LATENCY_BOUNDS_MS[index];
    if (upper === undefined) break;
    if (left <= count && count > 0) {
      const lower = LATENCY_BOUNDS_MS[index - 1] ?? 0;
      return Math.round(lower + ((upper - lower) * left) / count);
    }
    left -= count;
  }
  return LATENCY_BOUNDS_MS.at(-1)!;
}

/** @returns undefined if this is not a histogram that this version has written */
export function readLatencyCounts(stored: unknown): LatencyCounts | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const { counts, sumMs } = stored as Partial<Record<keyof LatencyCounts, unknown>>;
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(counts) || counts.length !== LATENCY_BOUNDS_MS.length + 1 || !counts.every(isWhole))
    return undefined;
  return isWhole(sumMs) ? { counts, sumMs } : undefined;
}
