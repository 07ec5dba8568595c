import {
  BUFFER_PLUGIN_CONFIGURATION, LOG_ERROR, STATUS_OK, proxy_get_buffer_bytes, proxy_log,
  proxy_set_tick_period_milliseconds,
} from "./abi";
import { arenaCapacity, arenaMark, arenaStart, moveArena, releaseArena, reserve } from "./arena";
import { authorizeRequest, missed } from "./authorize";
import { expire } from "./cache";
import { acceptReply } from "./call-reply";
import { nowMs, readClock } from "./clock";
import { configuration } from "./configuration";
import { readConfiguration } from "./configuration-reader";
import { EXPIRIES_PER_REQUEST, EXPIRIES_PER_TICK, MAX_CONFIGURATION_BYTES, TICK_PERIOD_MS } from "./limits";
import { defineMetrics, flushMetrics, flushMetricsIfDue } from "./metrics";
import { PAGE_BYTES, givePage, growBy, setMemoryLimit } from "./pages";
import { forgetWaiter } from "./pending";
import { putText } from "./text-writer";

/**
 * Ebb's built-in authorization filter: the callbacks of Proxy-Wasm ABI 0.2.1. Each ends by wiping the arena.
 * A stream has no state here unless it waits for a call, so there is no callback for its creation.
 */

export function proxy_abi_version_0_2_1(): void {}

/** The host asks for room for what it hands in; it lives until the end of the callback. */
export function proxy_on_memory_allocate(size: usize): usize {
  return reserve(size);
}

export function proxy_on_configure(_rootId: u32, size: u32): u32 {
  readClock();
  const done = configure(size);
  releaseArena();
  return done ? 1 : 0;
}

export function proxy_on_request_headers(contextId: u32, _headerCount: u32, _endOfStream: u32): i32 {
  readClock();
  expire(EXPIRIES_PER_REQUEST);
  const action = authorizeRequest(contextId);
  if (missed()) flushMetrics(nowMs());
  else flushMetricsIfDue(nowMs());
  releaseArena();
  return action;
}

export function proxy_on_http_call_response(
  _rootId: u32, callId: u32, headerCount: u32, bodySize: u32, _trailerCount: u32,
): void {
  readClock();
  acceptReply(callId, headerCount, bodySize);
  flushMetrics(nowMs());
  releaseArena();
}

export function proxy_on_tick(_rootId: u32): void {
  readClock();
  expire(EXPIRIES_PER_TICK);
  flushMetrics(nowMs());
  releaseArena();
}

export function proxy_on_delete(contextId: u32): void {
  forgetWaiter(contextId);
}

/** Takes the configuration; once only, because everything cached and pending belongs to it. */
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
  setMemoryLimit(configuration.maxBytes);
  if (!defineMetrics()) return complain("the host defines no metrics");
  proxy_set_tick_period_milliseconds(TICK_PERIOD_MS);
  configuration.isComplete = 1;
  return true;
}

/** Pages to read a configuration in that is too large for the arena; 0 if it is not. Decoded texts need room too. */
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
