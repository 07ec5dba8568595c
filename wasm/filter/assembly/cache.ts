import { nowMs } from "./clock";
import { addCredential, removeCredential } from "./credential-count";
import { credentialTagOf } from "./decision-key";
import { allocateEntry, Entry, freeEntry } from "./entry";
import { noteRemoval } from "./handover-log";
import { MAX_PAYLOAD_BYTES, MAX_REFUSAL_PAYLOAD_BYTES } from "./limits";
import { findEntry, indexEntry, prepareIndex, unindexEntry } from "./linear-hash";
import { addMostRecent, leastRecentlyUsed, markUsed, removeFromUse } from "./lru";
import { CACHE_EVICTED, CACHE_EXPIRED, CACHE_INSERTS, count } from "./metrics";
import { freePayload, storePayload } from "./payload";
import { ALLOWS, maxRefusals, POOLS, poolOf, REFUSALS, refusalsExceedTheirShare } from "./pools";
import { hasRelatedTags, isRelated } from "./related-tags";
import { beginAdvance, nextDue, schedule, unschedule } from "./timing-wheel";

/**
 * The decision cache: index, order of use and expiry over one set of entries. Every operation is O(1).
 * An entry's lifetime starts at its write and is never extended; a use only changes its place in the eviction order.
 */

/** The entry for this digest if it is fresh; marks it as most recently used. */
export function lookUpFresh(digestLow: u64, digestHigh: u64): Entry | null {
  const entry = findEntry(digestLow, digestHigh);
  if (entry === null || nowMs() >= entry.expiresAtMs) return null;
  markUsed(entry);
  return entry;
}

/** The entry for this digest if it has not been dropped yet, even if expired; it may replace an error. */
export function lookUpStale(digestLow: u64, digestHigh: u64): Entry | null {
  const entry = findEntry(digestLow, digestHigh);
  if (entry === null || nowMs() >= entry.dropAtMs) return null;
  markUsed(entry);
  return entry;
}

/** Forgets the decision for this digest; an instance that took it over does too, even if it was evicted here. */
export function forget(digestLow: u64, digestHigh: u64): void {
  drop(digestLow, digestHigh);
  noteRemoval(digestLow, digestHigh);
}

/**
 * Keeps a decision in place of an earlier one for this digest. At the memory limit it evicts the least recently used
 * allows or refusals. A decision that is too large, or that even an empty cache has no room for, is not kept.
 * @param outcome as in `Entry.outcome`
 */
export function keep(
  digestLow: u64,
  digestHigh: u64,
  outcome: u16,
  payloadStart: usize,
  payloadSize: usize,
  lifetimeMs: u64,
  staleMs: u32,
): void {
  if (place(digestLow, digestHigh, outcome, payloadStart, payloadSize, lifetimeMs, staleMs)) count(CACHE_INSERTS);
  else noteRemoval(digestLow, digestHigh);
}

/** Like `keep`, for a decision made by another instance: it does not count as an insertion. */
export function keepTaken(
  digestLow: u64,
  digestHigh: u64,
  outcome: u16,
  payloadStart: usize,
  payloadSize: usize,
  lifetimeMs: u64,
  staleMs: u32,
): void {
  if (!place(digestLow, digestHigh, outcome, payloadStart, payloadSize, lifetimeMs, staleMs)) {
    noteRemoval(digestLow, digestHigh);
  }
}

/** The largest payload kept for a decision of this outcome. */
export function maxPayloadBytes(outcome: u16): usize {
  return outcome == 0 ? MAX_PAYLOAD_BYTES : MAX_REFUSAL_PAYLOAD_BYTES;
}

let refusals: u32 = 0;

function place(
  digestLow: u64,
  digestHigh: u64,
  outcome: u16,
  payloadStart: usize,
  payloadSize: usize,
  lifetimeMs: u64,
  staleMs: u32,
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
  addCredential(credentialTagOf(digestHigh));
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

/** Scans all entries and drops those that depend on a credential of either tag. Returns their number. */
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

/** Frees expired entries, using at most `budget` units of work. */
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

/** Makes room for a decision of this pool. An allow may evict refusals above their share; a refusal never evicts allows. */
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
  removeCredential(credentialTagOf(entry.digestHigh));
  removeFromUse(entry);
  unschedule(entry);
  freeEntry(entry);
}
