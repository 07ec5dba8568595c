import { arenaCapacity, releaseArena, reserve } from "./arena";
import { nowMs, wallTimeMs } from "./clock";
import { Entry } from "./entry";
import { allFit, beginCount, countEntry } from "./handover-budget";
import {
  beginLog,
  endLog,
  hasSettled,
  logOverflowed,
  REMOVALS_ROOM,
  restartLog,
  takeRemovals,
  takeSettled,
} from "./handover-log";
import {
  CHUNK_HEADER_BYTES,
  CHUNK_MAGIC,
  CHUNK_VERSION,
  CONFIGURATION_AT,
  digestChunk,
  digestConfiguration,
  KEY_RECORD_BYTES,
  LIFE_AT,
  PAYLOAD_SIZE_AT,
  PUT_BYTES,
  RECORD_PENDING,
  RECORD_PUT,
  SEAL_AT,
  STALE_AT,
  WRITTEN_AT,
  writeKeyRecord,
} from "./handover-records";
import { ENTRIES_PER_CHUNK, MAX_PAYLOAD_BYTES, MAX_PENDING, MIN_CHUNK_BYTES } from "./limits";
import { beginWalk, endWalk, followAll, followed, followOn, followPassed, stopFollowing, walked, walkOn } from "./lru";
import { flushGauges } from "./metrics";
import { copyPayload } from "./payload";
import { pendingAt, unannouncePendings } from "./pending";
import { digestHigh, digestLow } from "./siphash";

/**
 * Exports this instance's state chunk by chunk: every live entry, then all changes, until the host ends the handover. A
 * chunk contains, in this order, removals, current decisions, calls that ended, pending calls. Imported in order, the
 * chunks bring the new instance to this instance's state, whatever happens between them: a removal always precedes a
 * later decision, and a call's decision precedes its end.
 */

if (<usize>MIN_CHUNK_BYTES < CHUNK_HEADER_BYTES + REMOVALS_ROOM + PUT_BYTES + MAX_PAYLOAD_BYTES) {
  ERROR("the smallest chunk does not hold all removals and the largest decision");
}

const IDLE: u32 = 0;
/** Searching for the oldest entry that fits into the budget. */
const COUNTING: u32 = 1;
const WRITING: u32 = 2;

let phase: u32 = IDLE;
let budgetBytes: u32 = 0;

/** Starts from the beginning. @param budget bytes of linear memory that the new instance may use */
export function beginHandover(budget: u32): void {
  budgetBytes = budget;
  unannouncePendings();
  beginLog();
  beginEntries();
}

export function endHandover(): void {
  phase = IDLE;
  endLog();
  endWalk();
  stopFollowing();
}

function beginEntries(): void {
  stopFollowing();
  if (allFit(budgetBytes)) {
    followAll();
    phase = WRITING;
    return;
  }
  beginCount(budgetBytes);
  beginWalk();
  phase = COUNTING;
}

/** The chunk being written. */
let at: usize = 0;
let end: usize = 0;
/** Number of entries that may still be examined for this chunk. */
let work: i32 = 0;

/**
 * Writes the next chunk into the arena, where it stays until the next callback.
 * @returns address << 32 | size, or 0 if there is nothing to export
 */
export function writeChunk(maxBytes: u32): u64 {
  if (phase == IDLE) return 0;
  if (logOverflowed()) {
    restartLog();
    beginEntries();
  }
  const size = min(max(<usize>maxBytes, MIN_CHUNK_BYTES), arenaCapacity());
  const start = reserve(size);
  if (!start) return 0;
  at = start + CHUNK_HEADER_BYTES;
  end = start + size;
  work = ENTRIES_PER_CHUNK;
  at += takeRemovals(at);
  if (phase == COUNTING) count();
  if (phase == WRITING) writeEntries();
  const isUpToDate = phase == WRITING && followed() === null;
  if (isUpToDate) {
    at += takeSettled(at, end - at);
    if (!hasSettled()) announcePendings();
  }
  if (isUpToDate && at == start + CHUNK_HEADER_BYTES) {
    releaseArena();
    return 0;
  }
  finishChunk(start);
  flushGauges();
  return ((<u64>start) << 32) | <u64>(at - start);
}

function count(): void {
  let entry = walked();
  for (; entry !== null && work > 0; work--) {
    if (!countEntry(entry)) {
      followPassed(entry);
      startWriting();
      return;
    }
    walkOn();
    entry = walked();
  }
  if (entry !== null) return;
  followAll();
  startWriting();
}

function startWriting(): void {
  endWalk();
  phase = WRITING;
}

function writeEntries(): void {
  const now = nowMs();
  for (; work > 0; work--) {
    const entry = followed();
    if (entry === null) return;
    if (now < entry.dropAtMs) {
      if (PUT_BYTES + <usize>entry.payloadSize > end - at) return;
      writeEntry(entry, now);
    }
    followOn();
  }
}

function writeEntry(entry: Entry, now: u64): void {
  const isFresh = now < entry.expiresAtMs;
  writeKeyRecord(at, RECORD_PUT, entry.outcome, entry.digestLow, entry.digestHigh);
  store<u32>(at + LIFE_AT, isFresh ? <u32>(entry.expiresAtMs - now) : 0);
  store<u32>(at + STALE_AT, isFresh ? entry.staleMs : <u32>(entry.dropAtMs - now));
  store<u16>(at + PAYLOAD_SIZE_AT, entry.payloadSize);
  if (entry.payloadSize > 0) copyPayload(entry.payload, entry.payloadSize, at + PUT_BYTES);
  at += PUT_BYTES + entry.payloadSize;
}

function announcePendings(): void {
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending === null || pending.isAnnounced) continue;
    if (KEY_RECORD_BYTES > end - at) return;
    writeKeyRecord(at, RECORD_PENDING, 0, pending.digestLow, pending.digestHigh);
    at += KEY_RECORD_BYTES;
    pending.isAnnounced = 1;
  }
}

function finishChunk(start: usize): void {
  store<u32>(start, CHUNK_MAGIC);
  store<u32>(start + 4, CHUNK_VERSION);
  store<u64>(start + WRITTEN_AT, wallTimeMs());
  digestConfiguration();
  store<u64>(start + CONFIGURATION_AT, digestLow());
  store<u64>(start + CONFIGURATION_AT + 8, digestHigh());
  digestChunk(start, at - start);
  store<u64>(start + SEAL_AT, digestLow());
  store<u64>(start + SEAL_AT + 8, digestHigh());
}
