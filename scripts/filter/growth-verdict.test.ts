import { describe, expect, it } from "vitest";
import { noGaps } from "./gaps.ts";
import { growthVerdict } from "./growth-verdict.ts";
import type { Series } from "./series.ts";

const PAGE = 65_536;

/** A series of 1,000 requests with these sizes: pages after a request. */
function series(sizes: readonly [request: number, pages: number][], rest: Partial<Series> = {}): Series {
  return {
    requests: 1_000,
    endedBy: undefined,
    outcomes: [],
    sizes: [[0, 1] as const, ...sizes].map(([request, pages]) => ({ request, bytes: pages * PAGE })),
    growth: { kind: "none" },
    failed: undefined,
    gaps: noGaps(),
    clusters: new Map(),
    microsecondsPerRequest: 1,
    ...rest,
  };
}

const steady = series([[1_000, 1]]);
/** A heap that has its size after some requests. */
const warm = series([
  [10, 2],
  [400, 4],
  [1_000, 4],
]);
const growing = series([
  [250, 2],
  [500, 3],
  [750, 4],
  [1_000, 5],
]);
/** Doubles at 100, 200, 400 and 800. */
const doubling = series([
  [100, 2],
  [200, 4],
  [400, 8],
  [800, 16],
  [1_000, 16],
]);

describe("memory that grows", () => {
  it("over one and the same request is a leak, also if the allocator doubles", () => {
    expect(growthVerdict(growing, growing)).toEqual({ kind: "leak", bytesPerRequest: (4 * PAGE) / 1_000 });
    expect(growthVerdict(steady, growing)).toMatchObject({ kind: "leak" });
    expect(growthVerdict(undefined, doubling)).toMatchObject({ kind: "leak" });
  });

  it("only over requests that differ is a cache", () => {
    expect(growthVerdict(growing, steady)).toEqual({ kind: "cache", bytesPerRequest: (4 * PAGE) / 1_000 });
    expect(growthVerdict(doubling, warm)).toMatchObject({ kind: "cache" });
  });

  it("only at first is a heap that warms up", () => {
    expect(growthVerdict(warm, warm)).toEqual({ kind: "none" });
    expect(growthVerdict(undefined, steady)).toEqual({ kind: "none" });
  });

  it("is not judged by few requests, or by requests that fail", () => {
    const few = series([[49, 9]], { requests: 49 });
    const failed = series([[1_000, 9]], {
      failed: { request: 1, verdict: { kind: "waits", stage: "request-headers" }, logs: [] },
    });
    for (const same of [few, failed]) expect(growthVerdict(steady, same)).toEqual({ kind: "unknown" });
    expect(growthVerdict(failed, steady)).toEqual({ kind: "unknown" });
  });
});
