import { BUFFER_PLUGIN_CONFIGURATION, LOG_ERROR, STATUS_OK } from "./abi";
import { arenaCapacity, arenaMark, arenaStart, moveArena, releaseArena, reserve } from "./arena";
import { authorizeRequest, missed } from "./authorize";
import { expire } from "./cache";
import { acceptReply } from "./call-reply";
import { nowMs, readClock } from "./clock";
import { configuration } from "./configuration";
import { readConfiguration } from "./configuration-reader";
import { prepareCredentialCount } from "./credential-count";
import { proxy_get_buffer_bytes, proxy_log, proxy_set_tick_period_milliseconds } from "./env";
import { beginHandover, endHandover, writeChunk } from "./handover";
import { abandonForeignCalls, takeChunk } from "./handover-take";
import {
  EXPIRIES_PER_REQUEST,
  EXPIRIES_PER_TICK,
  MAX_CONFIGURATION_BYTES,
  MAX_PURGE_BYTES,
  TICK_PERIOD_MS,
} from "./limits";
import { defineMetrics, flushGauges, flushMetrics, flushMetricsIfDue } from "./metrics";
import { givePage, growBy, PAGE_BYTES, setMemoryLimit } from "./pages";
import { forgetWaiter } from "./pending";
import { purgeAll, purgeCredential } from "./purge";
import { putText } from "./text-writer";

/**
 * Ebb's built-in authorization filter: the callbacks of Proxy-Wasm ABI 0.2.1. Each wipes the arena at its end.
 * A stream has state here only while it waits for a call, so there is no callback for its creation.
 */

export function proxy_abi_version_0_2_1(): void {}

/** Allocates memory for the host's data, until the end of the callback. */
export function proxy_on_memory_allocate(size: usize): usize {
  takeBackChunk();
  return reserve(size);
}

export function proxy_on_configure(_rootId: u32, size: u32): u32 {
  readClock();
  const done = configure(size);
  releaseArena();
  return done ? 1 : 0;
}

export function proxy_on_request_headers(contextId: u32, _headerCount: u32, _endOfStream: u32): i32 {
  begin();
  hasServed = true;
  expire(EXPIRIES_PER_REQUEST);
  const action = authorizeRequest(contextId);
  if (missed()) flushMetrics(nowMs());
  else flushMetricsIfDue(nowMs());
  releaseArena();
  return action;
}

export function proxy_on_http_call_response(
  _rootId: u32,
  callId: u32,
  headerCount: u32,
  bodySize: u32,
  _trailerCount: u32,
): void {
  begin();
  acceptReply(callId, headerCount, bodySize);
  flushMetrics(nowMs());
  releaseArena();
}

export function proxy_on_tick(_rootId: u32): void {
  begin();
  expire(EXPIRIES_PER_TICK);
  flushMetrics(nowMs());
  releaseArena();
}

export function proxy_on_delete(contextId: u32): void {
  forgetWaiter(contextId);
}

/*
 * Ebb's extension for the handover of live entries between two instances, and for purges (docs/handover.md).
 */

export function ebb_handover_version_1(): void {}

export function ebb_handover_begin(budgetBytes: u32): void {
  begin();
  if (configuration.isComplete) beginHandover(budgetBytes);
}

export function ebb_handover_next(maxBytes: u32): u64 {
  begin();
  const chunk = writeChunk(maxBytes);
  isChunkLent = chunk != 0;
  return chunk;
}

export function ebb_handover_end(): void {
  begin();
  endHandover();
}

export function ebb_handover_take(address: usize, size: usize): i32 {
  begin();
  const result = takeChunk(address, size);
  // Until this instance serves, the gauges belong to the other instance.
  if (hasServed) flushGauges();
  releaseArena();
  return result;
}

export function ebb_handover_abandon(): void {
  begin();
  abandonForeignCalls();
  releaseArena();
}

export function ebb_purge_all(): u32 {
  begin();
  const purged = purgeAll();
  if (configuration.isComplete) flushMetrics(nowMs());
  releaseArena();
  return purged;
}

export function ebb_purge_credential(address: usize, size: usize): u32 {
  begin();
  // A text too long to search for must not appear purged, so everything is purged.
  const purged = size <= MAX_PURGE_BYTES ? purgeCredential(address, size) : purgeAll();
  if (configuration.isComplete) flushMetrics(nowMs());
  releaseArena();
  return purged;
}

/** True once a request has arrived: before that, this instance is only being filled. */
let hasServed: bool = false;
/** True while the arena holds a chunk lent to the host. */
let isChunkLent: bool = false;

function begin(): void {
  takeBackChunk();
  readClock();
}

function takeBackChunk(): void {
  if (!isChunkLent) return;
  isChunkLent = false;
  releaseArena();
}

/** Reads the configuration; only once, because all cached and pending state belongs to it. */
function configure(size: u32): bool {
  if (configuration.isComplete) return complain("configuration: the instance has one already; start a new instance");
  if (size == 0 || size > MAX_CONFIGURATION_BYTES) {
    return complain("configuration must be JSON of 1 to 1048576 bytes");
  }
  const home = arenaStart();
  const homeSize = arenaCapacity();
  const pages = pagesFor(size);
  let region: usize = 0;
  if (pages > 0) {
    region = growBy(pages);
    if (!region) return complain("configuration does not fit into memory");
    moveArena(region, <usize>pages * PAGE_BYTES);
  }
  const done = fetchAndRead(size);
  if (region) {
    moveArena(home, homeSize);
    for (let i = 0; i < pages; i++) givePage(region + <usize>i * PAGE_BYTES);
  }
  if (!done) return false;
  prepareCredentialCount();
  setMemoryLimit(configuration.maxBytes);
  if (!defineMetrics()) return complain("the host defines no metrics");
  proxy_set_tick_period_milliseconds(TICK_PERIOD_MS);
  configuration.isComplete = 1;
  return true;
}

/** Pages needed to read a configuration too large for the arena, else 0. Decoded texts need room too. */
function pagesFor(size: u32): i32 {
  const needed: usize = 2 * <usize>size + 16384;
  return needed <= arenaCapacity() ? 0 : <i32>((needed + PAGE_BYTES - 1) / PAGE_BYTES);
}

const RESULT: usize = memory.data(8);

function fetchAndRead(size: u32): bool {
  const status = proxy_get_buffer_bytes(BUFFER_PLUGIN_CONFIGURATION, 0, size, RESULT, RESULT + 4);
  if (status != STATUS_OK) return complain("configuration cannot be read from the host");
  return readConfiguration(load<usize>(RESULT), load<usize>(RESULT + 4));
}

function complain(message: string): bool {
  const start = arenaMark();
  putText(message);
  proxy_log(LOG_ERROR, start, arenaMark() - start);
  return false;
}
