import { nowMs } from "./clock";
import { Entry, allocateEntry, freeEntry } from "./entry";
import { MAX_PAYLOAD_BYTES } from "./limits";
import { findEntry, indexEntry, prepareIndex, unindexEntry } from "./linear-hash";
import { addMostRecent, leastRecentlyUsed, markUsed, removeFromUse } from "./lru";
import { CACHE_EVICTED, CACHE_EXPIRED, CACHE_INSERTS, count } from "./metrics";
import { freePayload, storePayload } from "./payload";
import { beginAdvance, nextDue, schedule, unschedule } from "./timing-wheel";

/**
 * The decision cache: index, order of use and expiry over one set of entries. Every operation is O(1).
 * An entry's time counts from its write and never slides; a use only moves it in the order of eviction.
 */

/** The entry of this digest if it is fresh, now the most recently used. */
export function lookUpFresh(digestLow: u64, digestHigh: u64): Entry | null {
  const entry = findEntry(digestLow, digestHigh);
  if (entry === null || nowMs() >= entry.expiresAtMs) return null;
  markUsed(entry);
  return entry;
}

/** The entry of this digest if its time is over but it may still be served in place of an error. */
export function lookUpStale(digestLow: u64, digestHigh: u64): Entry | null {
  const entry = findEntry(digestLow, digestHigh);
  if (entry === null || nowMs() >= entry.dropAtMs) return null;
  markUsed(entry);
  return entry;
}

/** Forgets the decision of this digest, if any. */
export function forget(digestLow: u64, digestHigh: u64): void {
  const entry = findEntry(digestLow, digestHigh);
  if (entry !== null) remove(entry);
}

/**
 * Keeps a decision in place of any earlier one of this digest. At the memory limit the least recently used give way.
 * @param outcome as in `Entry.outcome`
 * @returns false if it is too large, or if even an empty cache has no room for it
 */
export function keep(
  digestLow: u64, digestHigh: u64, outcome: u16, payloadStart: usize, payloadSize: usize, lifetimeMs: u64, staleMs: u32,
): bool {
  forget(digestLow, digestHigh);
  if (payloadSize > MAX_PAYLOAD_BYTES || !prepareIndex()) return false;
  let payload: usize = 0;
  if (payloadSize > 0) {
    payload = storePayload(payloadStart, payloadSize);
    while (!payload) {
      if (!evict()) return false;
      payload = storePayload(payloadStart, payloadSize);
    }
  }
  const entry = allocateEntryOrEvict();
  if (entry === null) {
    freePayload(payload);
    return false;
  }
  entry.digestLow = digestLow;
  entry.digestHigh = digestHigh;
  entry.outcome = outcome;
  entry.payload = payload;
  entry.payloadSize = <u16>payloadSize;
  entry.expiresAtMs = nowMs() + lifetimeMs;
  entry.staleMs = staleMs;
  indexEntry(entry);
  addMostRecent(entry);
  schedule(entry);
  count(CACHE_INSERTS);
  return true;
}

/** Frees what is past its time, spending at most `budget` units of work. */
export function expire(budget: i32): void {
  beginAdvance(budget);
  const now = nowMs();
  let entry = nextDue(now);
  while (entry !== null) {
    remove(entry);
    count(CACHE_EXPIRED);
    entry = nextDue(now);
  }
}

function allocateEntryOrEvict(): Entry | null {
  let entry = allocateEntry();
  while (entry === null && evict()) entry = allocateEntry();
  return entry;
}

function evict(): bool {
  const entry = leastRecentlyUsed();
  if (entry === null) return false;
  remove(entry);
  count(CACHE_EVICTED);
  return true;
}

function remove(entry: Entry): void {
  unindexEntry(entry);
  removeFromUse(entry);
  unschedule(entry);
  freeEntry(entry);
}
