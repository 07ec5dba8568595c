import { releaseArena } from "./arena";
import { forget, keepTaken, lookUpFresh } from "./cache";
import { askAgain } from "./call-reply";
import { latestWallTimeMs } from "./clock";
import { configuration } from "./configuration";
import { conclude, concludeWith, isSoundDecision } from "./decision";
import {
  CHUNK_HEADER_BYTES,
  CHUNK_MAGIC,
  CHUNK_VERSION,
  CONFIGURATION_AT,
  digestChunk,
  digestConfiguration,
  KEY_AT,
  KEY_RECORD_BYTES,
  LIFE_AT,
  PAYLOAD_SIZE_AT,
  PURGE_ALL_BYTES,
  PURGE_CREDENTIAL_BYTES,
  PUT_BYTES,
  RECORD_DELETE,
  RECORD_PENDING,
  RECORD_PURGE_ALL,
  RECORD_PURGE_CREDENTIAL,
  RECORD_PUT,
  RECORD_SETTLED,
  SEAL_AT,
  STALE_AT,
  WRITTEN_AT,
} from "./handover-records";
import { MAX_PAYLOAD_BYTES, MAX_PENDING } from "./limits";
import { addForeignPending, findPending, Pending, pendingAt } from "./pending";
import { purgeAll, purgeTags } from "./purge";
import { digestHigh, digestLow } from "./siphash";
import { verdict } from "./verdict";

/**
 * Imports chunks from another instance. Only chunks sealed with the digest key and for the same configuration are
 * accepted. Each record is checked anyway, and the first invalid one ends the chunk.
 */

export const TAKEN: i32 = 0;
export const NOT_A_CHUNK: i32 = 1;
export const OTHER_CONFIGURATION: i32 = 2;
export const BAD_RECORD: i32 = 3;

/** The chunk's age, according to the latest wall time seen. */
let ageMs: u64 = 0;

/** Imports a chunk in the arena; then answers the waiters of finished calls, or repeats their calls. */
export function takeChunk(start: usize, size: usize): i32 {
  const result = takeRecords(start, size);
  releaseArena();
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null && pending.isForeign && pending.isSettled) settle(pending);
  }
  return result;
}

/** The other instance is gone: no ends of its calls will be reported. */
export function abandonForeignCalls(): void {
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null && pending.isForeign) settle(pending);
  }
}

function takeRecords(start: usize, size: usize): i32 {
  if (!configuration.isComplete || size < CHUNK_HEADER_BYTES) return NOT_A_CHUNK;
  if (load<u32>(start) != CHUNK_MAGIC || load<u32>(start + 4) != CHUNK_VERSION) return NOT_A_CHUNK;
  digestConfiguration();
  if (!isDigest(start + CONFIGURATION_AT)) return OTHER_CONFIGURATION;
  digestChunk(start, size);
  if (!isDigest(start + SEAL_AT)) return NOT_A_CHUNK;
  const writtenAtMs = load<u64>(start + WRITTEN_AT);
  const now = latestWallTimeMs();
  ageMs = now > writtenAtMs ? now - writtenAtMs : 0;
  const end = start + size;
  for (let at = start + CHUNK_HEADER_BYTES; at < end; ) {
    const taken = takeRecord(at, end - at);
    if (!taken) return BAD_RECORD;
    at += taken;
  }
  return TAKEN;
}

function isDigest(at: usize): bool {
  return load<u64>(at) == digestLow() && load<u64>(at + 8) == digestHigh();
}

/** Returns the record's size, or 0 if it is invalid. */
function takeRecord(at: usize, left: usize): usize {
  if (left < PURGE_ALL_BYTES) return 0;
  const kind = load<u8>(at);
  if (kind == RECORD_PUT) return takePut(at, left);
  if (load<u32>(at) != kind) return 0;
  if (kind == RECORD_PURGE_ALL) {
    purgeAll();
    return PURGE_ALL_BYTES;
  }
  if (kind == RECORD_PURGE_CREDENTIAL) {
    if (left < PURGE_CREDENTIAL_BYTES) return 0;
    purgeTags(load<u32>(at + KEY_AT), load<u32>(at + KEY_AT));
    return PURGE_CREDENTIAL_BYTES;
  }
  if (left < KEY_RECORD_BYTES) return 0;
  const low = load<u64>(at + KEY_AT);
  const high = load<u64>(at + KEY_AT + 8);
  if (kind == RECORD_DELETE) forget(low, high);
  else if (kind == RECORD_PENDING) notePending(low, high);
  else if (kind == RECORD_SETTLED) noteSettled(low, high);
  else return 0;
  return KEY_RECORD_BYTES;
}

function takePut(at: usize, left: usize): usize {
  if (left < PUT_BYTES || load<u8>(at + 1) != 0) return 0;
  const outcome = load<u16>(at + 2);
  const lifeMs = <u64>load<u32>(at + LIFE_AT);
  const staleMs = <u64>load<u32>(at + STALE_AT);
  const payloadSize = <usize>load<u16>(at + PAYLOAD_SIZE_AT);
  if (payloadSize > left - PUT_BYTES || payloadSize > MAX_PAYLOAD_BYTES) return 0;
  if (lifeMs > (outcome == 0 ? configuration.maxTtlMs : configuration.denyTtlMs)) return 0;
  if (staleMs > (outcome == 0 ? configuration.staleIfErrorMs : 0)) return 0;
  if (!isSoundDecision(outcome, at + PUT_BYTES, payloadSize)) return 0;
  const low = load<u64>(at + KEY_AT);
  const high = load<u64>(at + KEY_AT + 8);
  if (ageMs >= lifeMs + staleMs) {
    forget(low, high);
  } else {
    const isFresh = ageMs < lifeMs;
    keepTaken(
      low,
      high,
      outcome,
      at + PUT_BYTES,
      payloadSize,
      isFresh ? lifeMs - ageMs : 0,
      <u32>(isFresh ? staleMs : lifeMs + staleMs - ageMs),
    );
  }
  return PUT_BYTES + payloadSize;
}

/** Lets requests for this key wait, unless an own call is pending. If there is no room, each instance makes its own call. */
function notePending(low: u64, high: u64): void {
  const pending = findPending(low, high);
  if (pending === null) addForeignPending(low, high);
  else pending.isSettled = 0;
}

function noteSettled(low: u64, high: u64): void {
  const pending = findPending(low, high);
  if (pending !== null) pending.isSettled = 1;
}

/** Ends the other instance's call: with its decision if that was kept, else with a new call for the first waiter. */
function settle(pending: Pending): void {
  verdict.reset();
  const entry = lookUpFresh(pending.digestLow, pending.digestHigh);
  if (entry !== null) concludeWith(pending, entry);
  else if (!askAgain(pending)) conclude(pending);
  releaseArena();
}
