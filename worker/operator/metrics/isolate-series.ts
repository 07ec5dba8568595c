import type { IsolateSnapshot } from "../../../durable/memory/isolate.ts";
import { isFresh } from "../findings/inability.ts";
import type { FamilyName } from "./families.ts";
import type { KnownEntry, NamedSeries } from "./gateway-metrics.ts";

const NUMBERS = {
  ebb_isolate_live_bytes: ({ live }) => live.bytes,
  ebb_isolate_retired_bytes: ({ retired }) => retired.bytes,
  ebb_isolate_unclaimed_bytes: ({ unclaimed }) => unclaimed.bytes,
  ebb_isolate_free_bytes: ({ budget }) => Math.max(0, budget.hardBytes - budget.heldBytes),
  ebb_isolate_high_bytes: ({ budget }) => budget.highBytes,
  ebb_isolate_hard_bytes: ({ budget }) => budget.hardBytes,
  ebb_isolate_edge_bytes: ({ edgeBytes }) => edgeBytes,
  ebb_isolate_short: ({ budget }) => (budget.relieving ? 1 : 0),
  ebb_isolate_collections_total: ({ reclaim }) => reclaim.provoked,
  ebb_isolate_freed_bytes_total: ({ reclaim }) => reclaim.freedBytes,
} as const satisfies Partial<Record<FamilyName, (isolate: IsolateSnapshot) => number>>;

/** Memory of each isolate, as of the newest figures of its services. One without new figures most likely is gone. */
export function* isolateSeries(entries: readonly KnownEntry[], nowMs: number): Iterable<NamedSeries> {
  const newest = new Map<string, KnownEntry>();
  for (const entry of entries) {
    const { isolateId } = entry.isolate;
    const other = newest.get(isolateId);
    if (isFresh(entry.report, nowMs) && (other === undefined || other.report.atMs < entry.report.atMs))
      newest.set(isolateId, entry);
  }
  for (const [isolateId, { isolate }] of newest) {
    for (const [name, read] of Object.entries(NUMBERS) as [
      keyof typeof NUMBERS,
      (isolate: IsolateSnapshot) => number,
    ][]) {
      yield [name, { labels: { isolate: isolateId }, value: read(isolate) }];
    }
  }
}
