import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { addGaps, type Gaps, noGaps } from "./gaps.ts";
import { type GrowthRule, growthRule } from "./growth.ts";
import type { RequestInput, ResponseInput } from "./input-schema.ts";
import { numbered } from "./numbered.ts";
import type { Exchange, Verdict } from "./run-request.ts";
import { countCalls, type LogLine } from "./scripted-services.ts";
import type { Trial } from "./trial.ts";

/** Many requests and their effect on the filter's memory. */
export interface Series {
  /** Number of requests sent; fewer than `bounds.requests` if a bound was reached or the filter failed. */
  readonly requests: number;
  /** What stopped it early. */
  readonly endedBy: "time" | "memory" | "failure" | undefined;
  /** Most frequent first. */
  readonly outcomes: readonly { readonly outcome: string; readonly count: number }[];
  /** Size before the first request (0), after each change, and at the end. */
  readonly sizes: readonly { readonly request: number; readonly bytes: number }[];
  readonly growth: GrowthRule;
  /** The first request that the filter failed, or on which it never decided. */
  readonly failed: FailedRequest | undefined;
  /** What all requests together asked for in vain. */
  readonly gaps: Gaps;
  /** How often each cluster was called. */
  readonly clusters: ReadonlyMap<string, number>;
  /** Real time, filter and host together. */
  readonly microsecondsPerRequest: number;
}

export interface FailedRequest {
  readonly request: number;
  readonly verdict: Verdict;
  readonly logs: readonly LogLine[];
}

export interface SeriesBounds {
  readonly requests: number;
  /** Real time. */
  readonly timeMs: number;
  /** Linear memory. */
  readonly bytes: number;
}

/** Sends `request` repeatedly, numbered from 1. Calls `first` with the first exchange. */
export async function driveSeries(
  trial: Trial,
  request: RequestInput,
  response: ResponseInput,
  bounds: SeriesBounds,
  first: (exchange: Exchange) => void,
): Promise<Series> {
  const counts = new Map<string, number>();
  const sizes = [{ request: 0, bytes: trial.instance.allocatedBytes }];
  const sinceMs = performance.now();
  let driven = 0;
  let endedBy: Series["endedBy"];
  let failed: FailedRequest | undefined;
  const gaps = noGaps();
  const clusters = new Map<string, number>();
  while (driven < bounds.requests && endedBy === undefined) {
    const exchange = await trial.exchange(numbered(request, driven + 1), response);
    driven += 1;
    if (driven === 1) first(exchange);
    const { verdict, records } = exchange;
    if (verdict.kind === "failed" || verdict.kind === "waits") {
      failed ??= { request: driven, verdict, logs: records.logs };
    }
    addGaps(gaps, records.gaps);
    countCalls(clusters, records.calls);
    const outcome = outcomeText(verdict);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const { allocatedBytes: bytes, failure } = trial.instance;
    if (bytes !== sizes.at(-1)!.bytes) sizes.push({ request: driven, bytes });
    if (failure !== undefined) endedBy = "failure";
    else if (bytes > bounds.bytes) endedBy = "memory";
    else if (performance.now() - sinceMs > bounds.timeMs) endedBy = "time";
  }
  const microseconds = (performance.now() - sinceMs) * 1_000;
  const growth = growthRule(sizes.map(({ bytes }) => bytes / PAGE_BYTES));
  if (sizes.at(-1)!.request !== driven) sizes.push({ request: driven, bytes: trial.instance.allocatedBytes });
  return {
    requests: driven,
    endedBy: driven < bounds.requests ? endedBy : undefined,
    outcomes: [...counts].map(([outcome, count]) => ({ outcome, count })).toSorted((a, b) => b.count - a.count),
    sizes,
    growth,
    failed,
    gaps,
    clusters,
    microsecondsPerRequest: driven === 0 ? 0 : microseconds / driven,
  };
}

/** A verdict as a short text, for counting. */
function outcomeText(verdict: Verdict): string {
  switch (verdict.kind) {
    case "pass":
      return "continue";
    case "respond":
      return `${verdict.status} ${verdict.details}`.trimEnd();
    case "failed":
      return `failed: ${verdict.reason}`;
    case "waits":
      return "no decision";
  }
}
