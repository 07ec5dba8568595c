import { mayTakePlace, NO_CLIENT } from "./client-share";
import { noteSettled } from "./handover-log";
import { MAX_PENDING, MAX_WAITERS } from "./limits";
import { NEVER_MS } from "./numeric-date";

/**
 * Pending calls and the requests that wait for them. A miss joins a pending call for its key, so one key costs one call,
 * however many requests miss (no stampede at expiry). Both pools are fixed: their memory does not depend on the load.
 *
 * No request is copied here. A second call reads the request again from any waiter: equal keys mean that everything sent
 * is equal, except headers that no decision depends on (`unkeyedHeaders`). Requests that differ only in these share a call.
 *
 * A call may also belong to the instance that this one takes over from: then it has no id here, and requests wait until
 * that instance's records report its end.
 */

@unmanaged
export class Pending {
  digestLow: u64;
  digestHigh: u64;
  /** Earliest known end of the credential, ms since 1970; NEVER_MS if unknown. */
  credentialExpiresAtMs: u64;
  /** The shortest freshness allowed by the replies so far, or NEVER_MS. */
  freshForMs: u64;
  callId: u32;
  /** The client whose request made the call (client-share.ts). */
  client: u32;
  /** The rule that the requests matched, or 0. */
  rule: usize;
  firstWaiter: usize;
  lastWaiter: usize;
  /** Next in the bucket by digest, and in the bucket by call. The first also links free items. */
  nextByDigest: usize;
  nextByCall: usize;
  isStorable: u8;
  isReusableStale: u8;
  /** The subject is known and the pending call requests the decision. */
  asksDecision: u8;
  /** The credential was purged after the call was made: the reply is discarded and the call repeated. */
  isPurged: u8;
  /** The call belongs to another instance. */
  isForeign: u8;
  /** The other instance's call is over. */
  isSettled: u8;
  /** The call was announced to the new instance. */
  isAnnounced: u8;
  /** 1 from `addPending` to `endPending`. */
  isLive: u8;
}

@unmanaged
class Waiter {
  contextId: u32;
  /** NO_CLIENT while free. */
  client: u32;
  pending: usize;
  /** Neighbours among the waiters of the same call. */
  previous: usize;
  next: usize;
  /** Next in the bucket by context; also links free items. */
  nextByContext: usize;
}

const PENDING_BYTES: usize = 72;
const WAITER_BYTES: usize = 24;
if (offsetof<Pending>() > 72 || offsetof<Waiter>() > 24) ERROR("Pending or Waiter has outgrown its memory");
const BUCKETS: u32 = 256;

const PENDING_POOL: usize = memory.data(72 * 256, 8);
const WAITER_POOL: usize = memory.data(24 * 2048, 8);
const BY_DIGEST: usize = memory.data(4 * 256);
const BY_CALL: usize = memory.data(4 * 256);
const BY_CONTEXT: usize = memory.data(4 * 256);

let freePendings: usize = linkPool(PENDING_POOL, PENDING_BYTES, MAX_PENDING, offsetof<Pending>("nextByDigest"));
let freeWaiters: usize = linkPool(WAITER_POOL, WAITER_BYTES, MAX_WAITERS, offsetof<Waiter>("nextByContext"));
let waiterCount: i32 = 0;
let pendingCount: i32 = 0;

function linkPool(pool: usize, size: usize, count: i32, linkOffset: usize): usize {
  for (let i: i32 = 0; i < count; i++) {
    const item = pool + <usize>i * size;
    store<usize>(item + linkOffset, i + 1 < count ? item + size : 0);
  }
  return pool;
}

function bucket(table: usize, value: u32): usize {
  return table + ((<usize>(value & (BUCKETS - 1))) << 2);
}

export function findPending(digestLow: u64, digestHigh: u64): Pending | null {
  let at = load<usize>(bucket(BY_DIGEST, <u32>digestLow));
  while (at) {
    const pending = changetype<Pending>(at);
    if (pending.digestLow == digestLow && pending.digestHigh == digestHigh) return pending;
    at = pending.nextByDigest;
  }
  return null;
}

export function findPendingByCall(callId: u32): Pending | null {
  let at = load<usize>(bucket(BY_CALL, callId));
  while (at) {
    const pending = changetype<Pending>(at);
    if (pending.callId == callId) return pending;
    at = pending.nextByCall;
  }
  return null;
}

/** True if one more key and one more request can wait. */
export function hasRoomToWait(): bool {
  return freePendings != 0 && freeWaiters != 0;
}

/** True if one more request of this client may wait. If no place is left, no client's share is at fault. */
export function mayWait(client: u32): bool {
  const free = MAX_WAITERS - waiterCount;
  // If fewer places are taken than free, every client is below the threshold.
  return waiterCount < free || free == 0 || mayTakePlace(waitersOf(client), free);
}

/** True if this client may cause one more call. */
export function mayAsk(client: u32): bool {
  const free = MAX_PENDING - pendingCount;
  return pendingCount < free || mayTakePlace(pendingsOf(client), free);
}

function waitersOf(client: u32): i32 {
  let held = 0;
  for (let index: i32 = 0; index < MAX_WAITERS; index++) {
    if (changetype<Waiter>(WAITER_POOL + <usize>index * WAITER_BYTES).client == client) held++;
  }
  return held;
}

function pendingsOf(client: u32): i32 {
  let held = 0;
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null && pending.client == client) held++;
  }
  return held;
}

/** Resets the announcements, as the next handover starts. */
export function unannouncePendings(): void {
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    changetype<Pending>(PENDING_POOL + <usize>index * PENDING_BYTES).isAnnounced = 0;
  }
}

/** Records a call under this digest. Call `hasRoomToWait` before it, and `beginAsking` after it. */
export function addPending(digestLow: u64, digestHigh: u64, callId: u32, client: u32): Pending {
  const pending = addPendingUnasked(digestLow, digestHigh);
  pending.client = client;
  addByCall(pending, callId);
  return pending;
}

/** Records another instance's call under this digest. False if there is no room: then requests make their own call. */
export function addForeignPending(digestLow: u64, digestHigh: u64): bool {
  if (!freePendings) return false;
  const pending = addPendingUnasked(digestLow, digestHigh);
  pending.rule = 0;
  pending.isForeign = 1;
  return true;
}

function addPendingUnasked(digestLow: u64, digestHigh: u64): Pending {
  const pending = changetype<Pending>(freePendings);
  freePendings = pending.nextByDigest;
  pendingCount++;
  pending.client = NO_CLIENT;
  pending.digestLow = digestLow;
  pending.digestHigh = digestHigh;
  pending.firstWaiter = 0;
  pending.lastWaiter = 0;
  const byDigest = bucket(BY_DIGEST, <u32>digestLow);
  pending.nextByDigest = load<usize>(byDigest);
  store<usize>(byDigest, changetype<usize>(pending));
  pending.isPurged = 0;
  pending.isForeign = 0;
  pending.isSettled = 0;
  pending.isAnnounced = 0;
  pending.isLive = 1;
  return pending;
}

/** Resets the state of the reply, for a first call just made. */
export function beginAsking(pending: Pending, credentialExpiresAtMs: u64): void {
  pending.credentialExpiresAtMs = credentialExpiresAtMs;
  pending.freshForMs = NEVER_MS;
  pending.isStorable = 1;
  pending.isReusableStale = 1;
  pending.asksDecision = 0;
  pending.isPurged = 0;
}

/** Sets a following call, after a reply or after another instance's call. */
export function setCall(pending: Pending, callId: u32): void {
  if (pending.isForeign) {
    pending.isForeign = 0;
    pending.isSettled = 0;
  } else {
    removeByCall(pending);
  }
  addByCall(pending, callId);
}

/** The pending call at `index` of the pool, or null if there is none. */
export function pendingAt(index: i32): Pending | null {
  const pending = changetype<Pending>(PENDING_POOL + <usize>index * PENDING_BYTES);
  return pending.isLive ? pending : null;
}

/** Ends the call: no request can join any more. The caller must then take the waiters. */
export function endPending(pending: Pending): void {
  unlink(bucket(BY_DIGEST, <u32>pending.digestLow), changetype<usize>(pending), offsetof<Pending>("nextByDigest"));
  if (!pending.isForeign) removeByCall(pending);
  pending.isLive = 0;
  if (pending.isAnnounced) noteSettled(pending.digestLow, pending.digestHigh);
}

/** Frees a pending call after all its waiters are taken. */
export function freePending(pending: Pending): void {
  pending.nextByDigest = freePendings;
  freePendings = changetype<usize>(pending);
  pendingCount--;
}

/** False if too many requests are waiting. */
export function addWaiter(pending: Pending, contextId: u32, client: u32): bool {
  if (!freeWaiters) return false;
  const waiter = changetype<Waiter>(freeWaiters);
  freeWaiters = waiter.nextByContext;
  waiterCount++;
  waiter.contextId = contextId;
  waiter.client = client;
  waiter.pending = changetype<usize>(pending);
  waiter.previous = pending.lastWaiter;
  waiter.next = 0;
  if (pending.lastWaiter) changetype<Waiter>(pending.lastWaiter).next = changetype<usize>(waiter);
  else pending.firstWaiter = changetype<usize>(waiter);
  pending.lastWaiter = changetype<usize>(waiter);
  const byContext = bucket(BY_CONTEXT, contextId);
  waiter.nextByContext = load<usize>(byContext);
  store<usize>(byContext, changetype<usize>(waiter));
  return true;
}

export function hasWaiters(pending: Pending): bool {
  return pending.firstWaiter != 0;
}

export function hasSeveralWaiters(pending: Pending): bool {
  return pending.firstWaiter != pending.lastWaiter;
}

/** Context of the waiter that has waited longest. */
export function firstWaitingContext(pending: Pending): u32 {
  return changetype<Waiter>(pending.firstWaiter).contextId;
}

/** Removes the waiter that has waited longest and returns its context. */
export function takeWaiter(pending: Pending): u32 {
  const waiter = changetype<Waiter>(pending.firstWaiter);
  const contextId = waiter.contextId;
  removeWaiter(waiter);
  return contextId;
}

/** The same for this client's waiters; 0 if none of its requests waits. */
export function takeWaiterOf(pending: Pending, client: u32): u32 {
  for (let at = pending.firstWaiter; at; at = changetype<Waiter>(at).next) {
    const waiter = changetype<Waiter>(at);
    if (waiter.client != client) continue;
    const contextId = waiter.contextId;
    removeWaiter(waiter);
    return contextId;
  }
  return 0;
}

/** Makes the client that has waited longest the call's client. */
export function passOn(pending: Pending): void {
  pending.client = changetype<Waiter>(pending.firstWaiter).client;
}

/** Removes the waiter of a stream that is gone. */
export function forgetWaiter(contextId: u32): void {
  if (waiterCount == 0) return;
  let at = load<usize>(bucket(BY_CONTEXT, contextId));
  while (at) {
    const waiter = changetype<Waiter>(at);
    if (waiter.contextId == contextId) {
      removeWaiter(waiter);
      return;
    }
    at = waiter.nextByContext;
  }
}

function removeWaiter(waiter: Waiter): void {
  const pending = changetype<Pending>(waiter.pending);
  if (waiter.previous) changetype<Waiter>(waiter.previous).next = waiter.next;
  else pending.firstWaiter = waiter.next;
  if (waiter.next) changetype<Waiter>(waiter.next).previous = waiter.previous;
  else pending.lastWaiter = waiter.previous;
  const address = changetype<usize>(waiter);
  unlink(bucket(BY_CONTEXT, waiter.contextId), address, offsetof<Waiter>("nextByContext"));
  waiter.client = NO_CLIENT;
  waiter.nextByContext = freeWaiters;
  freeWaiters = address;
  waiterCount--;
}

function addByCall(pending: Pending, callId: u32): void {
  pending.callId = callId;
  const byCall = bucket(BY_CALL, callId);
  pending.nextByCall = load<usize>(byCall);
  store<usize>(byCall, changetype<usize>(pending));
}

function removeByCall(pending: Pending): void {
  unlink(bucket(BY_CALL, pending.callId), changetype<usize>(pending), offsetof<Pending>("nextByCall"));
}

/** Takes `item` out of the chain that starts at the word `link`. */
function unlink(link: usize, item: usize, nextOffset: usize): void {
  while (load<usize>(link) != item) link = load<usize>(link) + nextOffset;
  store<usize>(link, load<usize>(item + nextOffset));
}
