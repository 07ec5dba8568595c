import { STATUS_OK, STREAM_REQUEST } from "./abi";
import { releaseArena } from "./arena";
import { forget, keep, lookUpStale, maxPayloadBytes } from "./cache";
import { latestWallTimeMs } from "./clock";
import { configuration } from "./configuration";
import { credentialTagOf } from "./decision-key";
import { allowEdgeUse, lifeLeftMs } from "./edge-life";
import { Entry } from "./entry";
import { proxy_continue_stream, proxy_set_effective_context } from "./env";
import { CACHE_STALE_SERVED, count, FAIL_OPEN } from "./metrics";
import { readPayload } from "./payload";
import {
  endPending,
  firstWaitingContext,
  freePending,
  hasWaiters,
  Pending,
  passOn,
  takeWaiter,
  takeWaiterOf,
} from "./pending";
import { HEADERS_TOO_LARGE, statusOf } from "./reasons";
import { composeRefusal, isRefusalPayload, noScopes, refuseNow, sendRefusal } from "./refusal";
import { hasRelatedTags, putBehindRelatedTags, skipRelatedTags } from "./related-tags";
import { Span } from "./span";
import { applyUpstreamPayload, isUpstreamPayload } from "./upstream-headers";
import { VERDICT_ALLOW, VERDICT_FAIL, verdict } from "./verdict";

/** Serves decisions from the cache, keeps new ones, and delivers them to all waiters. */

/** `Entry.outcome`: the status in the lower bits, the reason above. */
const STATUS_BITS: u16 = 10;
const STATUS_MASK: u16 = 0x3ff;

const payload = changetype<Span>(memory.data(8));

/** Serves a cached decision to the effective context's request. True if the request continues, false if it was answered. */
export function serveEntry(entry: Entry): bool {
  if (!loadPayload(entry)) {
    refuseNow(HEADERS_TOO_LARGE);
    return false;
  }
  if (entry.outcome == 0) {
    applyUpstreamPayload(payload);
    allowEdgeUse(lifeLeftMs(entry));
    return true;
  }
  sendRefusal(entry.outcome & STATUS_MASK, entry.outcome >> STATUS_BITS, payload);
  return false;
}

/** False if the arena has no room left, because the request nearly fills it. */
function loadPayload(entry: Entry): bool {
  payload.clear();
  if (entry.payloadSize == 0) return true;
  payload.set(readPayload(entry.payload, entry.payloadSize), entry.payloadSize);
  if (payload.isPresent && hasRelatedTags()) skipRelatedTags(payload);
  return payload.isPresent;
}

/** True if a decision from another instance has a valid form for keeping and serving. */
export function isSoundDecision(outcome: u16, payloadStart: usize, payloadSize: usize): bool {
  payload.set(payloadStart, payloadSize);
  if (hasRelatedTags() && !skipRelatedTags(payload)) return false;
  if (outcome == 0) return isUpstreamPayload(payload);
  const status = outcome & STATUS_MASK;
  return status >= 200 && status <= 599 && isRefusalPayload(payload);
}

/** Ends a call with the verdict: keeps it if possible, then answers or continues all waiters. */
export function conclude(pending: Pending): void {
  endPending(pending);
  // Without a decision, nothing in the arena is needed, and it may be full.
  if (verdict.kind == VERDICT_FAIL) releaseArena();
  const standIn = verdict.kind == VERDICT_FAIL ? findStandIn(pending) : NO_STAND_IN;
  if (verdict.kind == VERDICT_FAIL) composeFailure();
  else keptForMs = keepVerdict(pending);
  while (hasWaiters(pending)) {
    // The stream may be gone without a notice; then there is nothing to answer.
    if (proxy_set_effective_context(takeWaiter(pending)) == STATUS_OK) answer(standIn);
  }
  keptForMs = 0;
  freePending(pending);
}

/** Ends another instance's call whose decision has arrived: all waiters get the cached decision. */
export function concludeWith(pending: Pending, entry: Entry): void {
  endPending(pending);
  const outcome = entry.outcome;
  const isLoaded = loadPayload(entry);
  const leftMs = lifeLeftMs(entry);
  while (hasWaiters(pending)) {
    if (proxy_set_effective_context(takeWaiter(pending)) != STATUS_OK) continue;
    if (!isLoaded) refuseNow(HEADERS_TOO_LARGE);
    else if (outcome == 0) letThrough(payload, leftMs);
    else sendRefusal(outcome & STATUS_MASK, outcome >> STATUS_BITS, payload);
  }
  freePending(pending);
}

function composeFailure(): void {
  composeRefusal(verdict.reason, noScopes(), payload, verdict.retryAfter);
  verdict.payloadStart = payload.start;
  verdict.payloadSize = payload.size;
  verdict.status = statusOf(verdict.reason);
}

/**
 * Fails the requests of the call's client, and no others.
 * @returns true if other clients wait; one of them becomes the call's client
 */
export function failClient(pending: Pending): bool {
  releaseArena();
  composeFailure();
  for (let context = takeWaiterOf(pending, pending.client); context; context = takeWaiterOf(pending, pending.client)) {
    if (proxy_set_effective_context(context) == STATUS_OK) answer(NO_STAND_IN);
  }
  releaseArena();
  if (!hasWaiters(pending)) return false;
  passOn(pending);
  return true;
}

/** Gives the verdict only to the request that has waited longest. */
export function answerFirst(pending: Pending): void {
  if (proxy_set_effective_context(takeWaiter(pending)) == STATUS_OK) answer(NO_STAND_IN);
}

const NO_STAND_IN: u32 = 0;
/** An expired allow is served while the server fails (`staleIfErrorMs`). Its payload is in `stale`. */
const STAND_IN_STALE: u32 = 1;
/** The service lets requests pass while the server cannot be reached (`failOpen`). */
const STAND_IN_OPEN: u32 = 2;

const stale = changetype<Span>(memory.data(8));
const NOTHING = changetype<Span>(memory.data(8));

function findStandIn(pending: Pending): u32 {
  if (verdict.mayServeStale) {
    const entry = lookUpStale(pending.digestLow, pending.digestHigh);
    if (entry !== null && entry.outcome == 0 && loadPayload(entry)) {
      stale.copy(payload);
      return STAND_IN_STALE;
    }
  }
  return configuration.failOpen && verdict.isUnreachable ? STAND_IN_OPEN : NO_STAND_IN;
}

function answer(standIn: u32): void {
  if (standIn == STAND_IN_STALE) {
    count(CACHE_STALE_SERVED);
    letThrough(stale, 0);
  } else if (standIn == STAND_IN_OPEN) {
    count(FAIL_OPEN);
    letThrough(NOTHING, 0);
  } else {
    payload.set(verdict.payloadStart, verdict.payloadSize);
    if (verdict.kind == VERDICT_ALLOW) letThrough(payload, keptForMs);
    else sendRefusal(verdict.status, verdict.reason, payload);
  }
}

/** Life of the allow that is being delivered, from now; 0 if it is not kept. */
let keptForMs: u64 = 0;

function letThrough(upstream: Span, leftMs: u64): void {
  applyUpstreamPayload(upstream);
  allowEdgeUse(leftMs);
  proxy_continue_stream(STREAM_REQUEST);
}

/**
 * Keeps the verdict if allowed. An earlier decision for this key is dropped in any case.
 * @returns its lifetime from now; 0 if it must not be kept
 */
function keepVerdict(pending: Pending): u64 {
  const lifetimeMs = lifetimeOf(pending);
  payload.set(verdict.payloadStart, verdict.payloadSize);
  const outcome: u16 = verdict.kind == VERDICT_ALLOW ? 0 : <u16>((verdict.reason << STATUS_BITS) | verdict.status);
  const isTooLarge = verdict.payloadSize > maxPayloadBytes(outcome);
  if (lifetimeMs == 0 || isTooLarge || (hasRelatedTags() && !putBehindTags(pending))) {
    forget(pending.digestLow, pending.digestHigh);
    return 0;
  }
  keep(
    pending.digestLow,
    pending.digestHigh,
    outcome,
    payload.start,
    payload.size,
    lifetimeMs,
    staleTimeOf(pending, lifetimeMs),
  );
  return lifetimeMs;
}

/** All waiters sent the same request, so any of them will do. */
function putBehindTags(pending: Pending): bool {
  const contextId = hasWaiters(pending) ? firstWaitingContext(pending) : 0;
  return putBehindRelatedTags(contextId, credentialTagOf(pending.digestHigh), payload);
}

/** The verdict's lifetime from now: the smallest of all its limits; 0 if it must not be kept. */
function lifetimeOf(pending: Pending): u64 {
  if (!pending.isStorable || !verdict.isCacheable) return 0;
  const configured = verdict.kind == VERDICT_ALLOW ? configuration.maxTtlMs : configuration.denyTtlMs;
  return min(min(configured, pending.freshForMs), credentialTimeLeft(pending));
}

/** How long after its lifetime it may be served stale; never beyond the credential's own end. */
function staleTimeOf(pending: Pending, lifetimeMs: u64): u32 {
  if (verdict.kind != VERDICT_ALLOW || !pending.isReusableStale) return 0;
  return <u32>min(configuration.staleIfErrorMs, credentialTimeLeft(pending) - lifetimeMs);
}

function credentialTimeLeft(pending: Pending): u64 {
  const nowMs = latestWallTimeMs();
  return pending.credentialExpiresAtMs > nowMs ? pending.credentialExpiresAtMs - nowMs : 0;
}
