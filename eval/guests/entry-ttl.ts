import { noiseOf } from "./key-noise.ts";

/** How long a guest keeps its entries, in ms. */
export interface EntryTtl {
  /** Counted from its write (for `sliding-ttl`: from its last use). */
  readonly ttlMs: number;
  /** Entries written from this moment on live for another time. */
  readonly change?: { readonly atMs: number; readonly ttlMs: number } | undefined;
  /** This share of the keys has entries that live for another time. */
  readonly second?: { readonly share: number; readonly ttlMs: number } | undefined;
  /** Keys from this one on are denied, and a denial lives for another time. */
  readonly denied?: { readonly fromKey: number; readonly ttlMs: number } | undefined;
}

/** How long an entry lives that is written at this time. */
export function entryTtlMs(ttl: EntryTtl, nowMs: number, key: number): number {
  if (ttl.denied !== undefined && key >= ttl.denied.fromKey) return ttl.denied.ttlMs;
  if (ttl.second !== undefined && (noiseOf(`second/${key}`) % 1_000) / 1_000 < ttl.second.share)
    return ttl.second.ttlMs;
  return currentTtlMs(ttl, nowMs);
}

/** The TTL of most entries that are written at this time. */
export function currentTtlMs({ ttlMs, change }: EntryTtl, nowMs: number): number {
  return change !== undefined && nowMs >= change.atMs ? change.ttlMs : ttlMs;
}

/** Whether all entries live for the same time. */
export function isOneTtl({ change, second, denied }: EntryTtl): boolean {
  return change === undefined && second === undefined && denied === undefined;
}
