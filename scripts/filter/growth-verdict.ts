import type { Series } from "./series.ts";

/** What makes a filter's memory grow. */
export type GrowthVerdict =
  | { readonly kind: "none" }
  /** It keeps growing over one and the same request. */
  | { readonly kind: "leak"; readonly bytesPerRequest: number }
  /** It grows only over requests that differ. */
  | { readonly kind: "cache"; readonly bytesPerRequest: number }
  /** The requests failed, or were too few. */
  | { readonly kind: "unknown" };

/** With fewer requests, an allocator's first steps look like growth. */
const MIN_REQUESTS = 50;

/**
 * Compares two series from fresh instances.
 * @param varied undefined if its requests do not differ
 * @param same a series of one and the same request
 */
export function growthVerdict(varied: Series | undefined, same: Series): GrowthVerdict {
  if (same.failed !== undefined || same.requests < MIN_REQUESTS) return { kind: "unknown" };
  const leak = growthIn(same);
  if (leak > 0) return { kind: "leak", bytesPerRequest: leak };
  if (varied === undefined) return { kind: "none" };
  if (varied.failed !== undefined || varied.requests < MIN_REQUESTS) return { kind: "unknown" };
  const cache = growthIn(varied);
  return cache > 0 ? { kind: "cache", bytesPerRequest: cache } : { kind: "none" };
}

/**
 * Bytes for each request of the second half; 0 if memory did not grow in it. Whatever grows without end grows there, even by
 * doubling, while a heap that only warms up has its size by then.
 */
function growthIn({ requests, sizes }: Series): number {
  const half = requests / 2;
  const before = sizes.findLast(({ request }) => request <= half)!;
  const grown = sizes.at(-1)!.bytes - before.bytes;
  return grown === 0 ? 0 : (sizes.at(-1)!.bytes - sizes[0]!.bytes) / requests;
}
