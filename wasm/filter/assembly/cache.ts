import { nowMs } from "./clock";
import { credentialTagOf } from "./decision-key";
import { Entry, allocateEntry, freeEntry } from "./entry";
import { MAX_PAYLOAD_BYTES, MAX_REFUSAL_PAYLOAD_BYTES } from "./limits";
import { noteRemoval } from "./handover-log";
import { findEntry, indexEntry, prepareIndex, unindexEntry } from "./linear-hash";
import { addMostRecent, leastRecentlyUsed, markUsed, removeFromUse } from "./lru";
import { CACHE_EVICTED, CACHE_EXPIRED, CACHE_INSERTS, count } from "./metrics";
import { freePayload, storePayload } from "./payload";
import { ALLOWS, POOLS, REFUSALS, maxRefusals, poolOf, refusalsExceedTheirShare } from "./pools";
import { hasRelatedTags, isRelated } from "./related-tags";
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

/** Forgets the decision of this digest, if any; so does an instance that took it over, even if it was evicted here. */
export function forget(digestLow: u64, digestHigh: u64): void {
  drop(digestLow, digestHigh);
  noteRemoval(digestLow, digestHigh);
}

/**
 * Keeps a decision in place of any earlier one of this digest. At the memory limit the least recently used give way, of
 * allows or of refusals. One that is too large is not kept, nor is one for which even an empty cache has no room.
 * @param outcome as in `Entry.outcome`
 */
export function keep(
  digestLow: u64, digestHigh: u64, outcome: u16, payloadStart: usize, payloadSize: usize, lifetimeMs: u64, staleMs: u32,
): void {
  if (place(digestLow, digestHigh, outcome, payloadStart, payloadSize, lifetimeMs, staleMs)) count(CACHE_INSERTS);
  else noteRemoval(digestLow, digestHigh);
}

/** As `keep`, for a decision that was made elsewhere: it is no insertion. */
export function keepTaken(
  digestLow: u64, digestHigh: u64, outcome: u16, payloadStart: usize, payloadSize: usize, lifetimeMs: u64, staleMs: u32,
): void {
  if (!place(digestLow, digestHigh, outcome, payloadStart, payloadSize, lifetimeMs, staleMs)) {
    noteRemoval(digestLow, digestHigh);
  }
}

/** The largest payload with which a decision of this outcome is kept. */
export function maxPayloadBytes(outcome: u16): usize {
  return outcome == 0 ? MAX_PAYLOAD_BYTES : MAX_REFUSAL_PAYLOAD_BYTES;
}

let refusals: u32 = 0;

function place(
  digestLow: u64, digestHigh: u64, outcome: u16, payloadStart: usize, payloadSize: usize, lifetimeMs: u64, staleMs: u32,
): bool {
  drop(digestLow, digestHigh);
  if (payloadSize > maxPayloadBytes(outcome) || !prepareIndex()) return false;
  const pool = poolOf(outcome);
  if (pool == REFUSALS && refusals >= maxRefusals()) evictFor(REFUSALS);
  let payload: usize = 0;
  if (payloadSize > 0) {
    payload = storePayload(payloadStart, payloadSize, pool);
    while (!payload) {
      if (!evictFor(pool)) return false;
      payload = storePayload(payloadStart, payloadSize, pool);
    }
  }
  const entry = allocateEntryOrEvict(pool);
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
  if (pool == REFUSALS) refusals++;
  indexEntry(entry);
  addMostRecent(entry);
  schedule(entry);
  return true;
}

/** Drops all entries. */
export function dropAll(): u32 {
  let dropped: u32 = 0;
  for (let pool: u32 = 0; pool < POOLS; pool++) {
    let entry = leastRecentlyUsed(pool);
    for (; entry !== null; entry = leastRecentlyUsed(pool)) {
      remove(entry);
      dropped++;
    }
  }
  return dropped;
}

/** Drops the entries that a credential of either tag took part in, looking at every entry. Returns their number. */
export function dropCredential(tag: u32, other: u32): u32 {
  let dropped: u32 = 0;
  for (let pool: u32 = 0; pool < POOLS; pool++) {
    let at = leastRecentlyUsed(pool);
    while (at !== null) {
      const next = changetype<Entry | null>(at.lruNewer);
      if (isOf(at, tag) || (other != tag && isOf(at, other))) {
        remove(at);
        dropped++;
      }
      at = next;
    }
  }
  return dropped;
}

function isOf(entry: Entry, tag: u32): bool {
  if (credentialTagOf(entry.digestHigh) == tag) return true;
  return hasRelatedTags() && isRelated(entry.payload, entry.payloadSize, tag);
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

function allocateEntryOrEvict(pool: u32): Entry | null {
  let entry = allocateEntry(pool);
  while (entry === null && evictFor(pool)) entry = allocateEntry(pool);
  return entry;
}

/** Makes room for a decision of this pool. An allow takes what refusals hold beyond their share, a refusal nothing of allows. */
function evictFor(pool: u32): bool {
  let entry = leastRecentlyUsed(pool == ALLOWS && refusalsExceedTheirShare() ? REFUSALS : pool);
  if (entry === null) entry = leastRecentlyUsed(pool);
  if (entry === null) return false;
  remove(entry);
  count(CACHE_EVICTED);
  return true;
}

function drop(digestLow: u64, digestHigh: u64): void {
  const entry = findEntry(digestLow, digestHigh);
  if (entry !== null) remove(entry);
}

function remove(entry: Entry): void {
  if (entry.outcome != 0) refusals--;
  unindexEntry(entry);
  removeFromUse(entry);
  unschedule(entry);
  freeEntry(entry);
}
