import {
  KEY_AT,
  KEY_RECORD_BYTES,
  PURGE_ALL_BYTES,
  PURGE_CREDENTIAL_BYTES,
  RECORD_DELETE,
  RECORD_PURGE_ALL,
  RECORD_PURGE_CREDENTIAL,
  RECORD_SETTLED,
  writeKeyRecord,
} from "./handover-records";

/**
 * Changes that the importing instance cannot see from the remaining entries: deletions, purges, and calls that ended. They
 * are stored in fixed memory in the form of records. (Decisions need no log: the order of use is one, see lru.ts.)
 *
 * If deletions do not fit, none is lost: the export starts over, with a purge of all entries first.
 */

const REMOVALS: usize = memory.data(6144);
export const REMOVALS_ROOM: usize = 6144;
/** One for each call that can be pending: calls are announced only when all ends have been reported. */
const SETTLED: usize = memory.data(20 * 256);
const SETTLED_ROOM: usize = 20 * 256;

let active: bool = false;
let removalBytes: usize = 0;
let settledBytes: usize = 0;
let overflowed: bool = false;

export function beginLog(): void {
  active = true;
  overflowed = false;
  removalBytes = 0;
  settledBytes = 0;
}

export function endLog(): void {
  active = false;
  overflowed = false;
  removalBytes = 0;
  settledBytes = 0;
}

/** True once a removal did not fit. */
export function logOverflowed(): bool {
  return overflowed;
}

/** Replaces all removals with a purge of everything exported so far. */
export function restartLog(): void {
  overflowed = false;
  removalBytes = 0;
  notePurgeOfAll();
}

export function noteRemoval(digestLow: u64, digestHigh: u64): void {
  const at = removal(KEY_RECORD_BYTES);
  if (at) writeKeyRecord(at, RECORD_DELETE, 0, digestLow, digestHigh);
}

export function notePurgeOfCredential(tag: u32): void {
  const at = removal(PURGE_CREDENTIAL_BYTES);
  if (!at) return;
  store<u32>(at, RECORD_PURGE_CREDENTIAL);
  store<u32>(at + KEY_AT, tag);
}

export function notePurgeOfAll(): void {
  // Earlier removals are covered by this purge.
  if (!overflowed) removalBytes = 0;
  const at = removal(PURGE_ALL_BYTES);
  if (at) store<u32>(at, RECORD_PURGE_ALL);
}

export function noteSettled(digestLow: u64, digestHigh: u64): void {
  if (!active || settledBytes + KEY_RECORD_BYTES > SETTLED_ROOM) return;
  writeKeyRecord(SETTLED + settledBytes, RECORD_SETTLED, 0, digestLow, digestHigh);
  settledBytes += KEY_RECORD_BYTES;
}

/** Moves the removals to `into`, which has REMOVALS_ROOM bytes; returns their size. */
export function takeRemovals(into: usize): usize {
  const size = removalBytes;
  memory.copy(into, REMOVALS, size);
  removalBytes = 0;
  return size;
}

/** Moves the ends of calls to `into` if all fit; returns their size. */
export function takeSettled(into: usize, room: usize): usize {
  const size = settledBytes;
  if (size > room) return 0;
  memory.copy(into, SETTLED, size);
  settledBytes = 0;
  return size;
}

export function hasSettled(): bool {
  return settledBytes > 0;
}

function removal(size: usize): usize {
  if (!active || overflowed) return 0;
  if (removalBytes + size > REMOVALS_ROOM) {
    overflowed = true;
    return 0;
  }
  const at = REMOVALS + removalBytes;
  removalBytes += size;
  return at;
}
