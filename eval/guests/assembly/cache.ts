import { nowMs } from "../../../wasm/filter/assembly/clock";
import { RULE_LAZY_EXPIRY, RULE_LEAK, RULE_SIZE_CLASSES, RULE_SLIDING_TTL, entryBytes, rule, ttlMs } from "./configuration";
import { allocateSlot, freeSlot, slotBytesFor } from "./slots";

/** One kept decision; as many bytes as its headers would take follow. Links are addresses, 0 is none. */
@unmanaged
class Entry {
  key: u64;
  expiresAtMs: u64;
  chainNext: usize;
  /** Neighbours in the order of expiry. */
  older: usize;
  newer: usize;
  slotBytes: u32;
}

const BUCKETS: u32 = 16384;
/** The index never grows: chains do. */
const INDEX: usize = memory.data(65536);
const FILLER: u8 = 0x76;

let oldest: usize = 0;
let newest: usize = 0;

function bucketOf(key: u64): usize {
  return INDEX + (<usize>(<u32>key & (BUCKETS - 1)) << 2);
}

function find(key: u64): Entry | null {
  let at = load<usize>(bucketOf(key));
  while (at && changetype<Entry>(at).key != key) at = changetype<Entry>(at).chainNext;
  return changetype<Entry | null>(at);
}

/** Frees what is past its time, unless the rule is never to do so. */
export function expire(): void {
  if (rule == RULE_LAZY_EXPIRY || rule == RULE_LEAK) return;
  while (oldest && changetype<Entry>(oldest).expiresAtMs <= nowMs()) {
    const entry = changetype<Entry>(oldest);
    leaveOrder(entry);
    unindex(entry);
    freeSlot(changetype<usize>(entry), entry.slotBytes);
  }
}

/** Whether the decision of this key is kept and still good. */
export function lookUp(key: u64): bool {
  const entry = find(key);
  if (entry === null || entry.expiresAtMs <= nowMs()) return false;
  if (rule == RULE_SLIDING_TTL) renew(entry);
  return true;
}

/** Keeps a decision, if there is memory for it. `noise` chooses the size where sizes differ. */
export function keep(key: u64, noise: u32): void {
  let entry = find(key);
  if (entry !== null && rule != RULE_LEAK) {
    renew(entry);
    return;
  }
  if (entry !== null) {
    // Its slot is lost.
    leaveOrder(entry);
    unindex(entry);
  }
  const payloadBytes = payloadBytesFor(noise);
  const slotBytes = slotBytesFor(<u32>offsetof<Entry>() + payloadBytes);
  entry = changetype<Entry | null>(allocateSlot(slotBytes));
  if (entry === null) return;
  entry.key = key;
  entry.slotBytes = slotBytes;
  memory.fill(changetype<usize>(entry) + offsetof<Entry>(), FILLER, payloadBytes);
  const bucket = bucketOf(key);
  entry.chainNext = load<usize>(bucket);
  store<usize>(bucket, changetype<usize>(entry));
  joinOrder(entry);
}

function payloadBytesFor(noise: u32): u32 {
  if (rule != RULE_SIZE_CLASSES) return entryBytes;
  const least = entryBytes / 4;
  return least + noise % (2 * entryBytes - least + 1);
}

function renew(entry: Entry): void {
  leaveOrder(entry);
  joinOrder(entry);
}

/** All live equally long, so the one written last expires last. */
function joinOrder(entry: Entry): void {
  entry.expiresAtMs = nowMs() + ttlMs;
  entry.older = newest;
  entry.newer = 0;
  if (newest) changetype<Entry>(newest).newer = changetype<usize>(entry);
  else oldest = changetype<usize>(entry);
  newest = changetype<usize>(entry);
}

function leaveOrder(entry: Entry): void {
  if (entry.older) changetype<Entry>(entry.older).newer = entry.newer;
  else oldest = entry.newer;
  if (entry.newer) changetype<Entry>(entry.newer).older = entry.older;
  else newest = entry.older;
}

function unindex(entry: Entry): void {
  let link = bucketOf(entry.key);
  while (load<usize>(link) != changetype<usize>(entry)) link = load<usize>(link) + offsetof<Entry>("chainNext");
  store<usize>(link, entry.chainNext);
}
