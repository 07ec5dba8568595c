import {
  ACTION_CONTINUE, ACTION_PAUSE, BUFFER_PLUGIN_CONFIGURATION, MAP_CALL_RESPONSE_HEADERS, MAP_REQUEST_HEADERS,
  NO_GRPC_STATUS, STATUS_OK, STREAM_REQUEST, proxy_continue_stream, proxy_get_buffer_bytes, proxy_http_call,
  proxy_send_local_response, proxy_set_effective_context,
} from "../../../wasm/filter/assembly/abi";
import { arenaMark, releaseArena, reserve } from "../../../wasm/filter/assembly/arena";
import { readClock } from "../../../wasm/filter/assembly/clock";
import { addHeader, addHeaderText, beginHeaders, finishHeaders } from "../../../wasm/filter/assembly/header-map";
import { Span } from "../../../wasm/filter/assembly/span";
import { putText } from "../../../wasm/filter/assembly/text-writer";
import { expire, keep, lookUp } from "./cache";
import { findCall } from "./calls";
import { readConfiguration } from "./configuration";
import { keyOf, noiseOf } from "./key";
import { startSlots } from "./slots";

/**
 * A filter that keeps a decision for each `:path`, so that the evaluation meets other allocators than the built-in
 * filter's. An authorization server in the cluster `auth` allows by 200; every other answer refuses and is not kept.
 */

@external("env", "proxy_get_header_map_value")
declare function proxy_get_header_map_value(map: i32, name: usize, nameSize: usize, into: usize, intoSize: usize): i32;

const TIMEOUT_MS: u32 = 2000;
const RESULT: usize = memory.data(8);
const value = changetype<Span>(memory.data(8));
const headers = changetype<Span>(memory.data(8));

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return reserve(size);
}

export function proxy_on_configure(_rootId: u32, size: u32): u32 {
  readClock();
  let done = false;
  if (proxy_get_buffer_bytes(BUFFER_PLUGIN_CONFIGURATION, 0, size, RESULT, RESULT + 4) == STATUS_OK) {
    done = readConfiguration(load<usize>(RESULT), load<usize>(RESULT + 4)) && startSlots();
  }
  releaseArena();
  return done ? 1 : 0;
}

export function proxy_on_request_headers(contextId: u32, _headerCount: u32, _endOfStream: u32): i32 {
  readClock();
  expire();
  const action = authorize(contextId);
  releaseArena();
  return action;
}

export function proxy_on_http_call_response(
  _rootId: u32, callId: u32, _headerCount: u32, _bodySize: u32, _trailerCount: u32,
): void {
  readClock();
  expire();
  const call = findCall(callId);
  if (call !== null) {
    call.callId = 0;
    const allowed = readHeader(MAP_CALL_RESPONSE_HEADERS, ":status") && value.is("200");
    if (allowed) keep(call.key, call.noise);
    // The client may have gone meanwhile.
    if (proxy_set_effective_context(call.contextId) == STATUS_OK) {
      if (allowed) proxy_continue_stream(STREAM_REQUEST);
      else refuse(403);
    }
  }
  releaseArena();
}

function authorize(contextId: u32): i32 {
  if (!readHeader(MAP_REQUEST_HEADERS, ":path")) return refuse(400);
  const key = keyOf(value);
  if (lookUp(key)) return ACTION_CONTINUE;
  const call = findCall(0);
  if (call === null) return refuse(503);
  beginHeaders();
  addHeaderText(":method", "GET");
  addHeader(":path", value);
  addHeaderText(":authority", "auth.example.com");
  finishHeaders(headers);
  const cluster = arenaMark();
  putText("auth");
  const status = proxy_http_call(
    cluster, arenaMark() - cluster, headers.start, headers.size, 0, 0, 0, 0, TIMEOUT_MS, RESULT,
  );
  if (status != STATUS_OK) return refuse(503);
  call.callId = load<u32>(RESULT);
  call.contextId = contextId;
  call.key = key;
  call.noise = noiseOf(value);
  return ACTION_PAUSE;
}

/** Sets `value`. False if there is no such header. */
function readHeader(map: i32, name: string): bool {
  const start = arenaMark();
  putText(name);
  const status = proxy_get_header_map_value(map, start, arenaMark() - start, RESULT, RESULT + 4);
  value.set(load<usize>(RESULT), load<usize>(RESULT + 4));
  return status == STATUS_OK;
}

function refuse(status: u32): i32 {
  proxy_send_local_response(status, 0, 0, 0, 0, 0, 0, NO_GRPC_STATUS);
  return ACTION_PAUSE;
}
