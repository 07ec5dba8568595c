/**
 * Proxy-Wasm ABI 0.2.1: the host functions this filter calls and the numbers it shares with the host.
 * Every function returns a status. To return bytes, the host first calls `proxy_on_memory_allocate`.
 */

export const STATUS_OK: i32 = 0;
export const STATUS_NOT_FOUND: i32 = 1;

export const MAP_REQUEST_HEADERS: i32 = 0;
export const MAP_CALL_RESPONSE_HEADERS: i32 = 6;

export const BUFFER_CALL_RESPONSE_BODY: i32 = 4;
export const BUFFER_PLUGIN_CONFIGURATION: i32 = 7;

export const STREAM_REQUEST: i32 = 0;

export const ACTION_CONTINUE: i32 = 0;
export const ACTION_PAUSE: i32 = 1;

export const METRIC_COUNTER: i32 = 0;
export const METRIC_GAUGE: i32 = 1;

export const LOG_ERROR: i32 = 4;

export const NO_GRPC_STATUS: i32 = -1;

@external("env", "proxy_log")
export declare function proxy_log(level: i32, message: usize, messageSize: usize): i32;

@external("env", "proxy_get_current_time_nanoseconds")
export declare function proxy_get_current_time_nanoseconds(into: usize): i32;

@external("env", "proxy_set_tick_period_milliseconds")
export declare function proxy_set_tick_period_milliseconds(periodMs: u32): i32;

@external("env", "proxy_set_effective_context")
export declare function proxy_set_effective_context(contextId: u32): i32;

@external("env", "proxy_get_buffer_bytes")
export declare function proxy_get_buffer_bytes(buffer: i32, start: u32, size: u32, into: usize, intoSize: usize): i32;

@external("env", "proxy_get_header_map_pairs")
export declare function proxy_get_header_map_pairs(map: i32, into: usize, intoSize: usize): i32;

@external("env", "proxy_replace_header_map_value")
export declare function proxy_replace_header_map_value(
  map: i32, name: usize, nameSize: usize, value: usize, valueSize: usize,
): i32;

@external("env", "proxy_remove_header_map_value")
export declare function proxy_remove_header_map_value(map: i32, name: usize, nameSize: usize): i32;

@external("env", "proxy_get_property")
export declare function proxy_get_property(path: usize, pathSize: usize, into: usize, intoSize: usize): i32;

@external("env", "proxy_continue_stream")
export declare function proxy_continue_stream(stream: i32): i32;

@external("env", "proxy_send_local_response")
export declare function proxy_send_local_response(
  status: u32, details: usize, detailsSize: usize, body: usize, bodySize: usize,
  headers: usize, headersSize: usize, grpcStatus: i32,
): i32;

@external("env", "proxy_http_call")
export declare function proxy_http_call(
  upstream: usize, upstreamSize: usize, headers: usize, headersSize: usize, body: usize, bodySize: usize,
  trailers: usize, trailersSize: usize, timeoutMs: u32, callId: usize,
): i32;

@external("env", "proxy_get_status")
export declare function proxy_get_status(code: usize, message: usize, messageSize: usize): i32;

@external("env", "proxy_define_metric")
export declare function proxy_define_metric(type: i32, name: usize, nameSize: usize, metricId: usize): i32;

@external("env", "proxy_increment_metric")
export declare function proxy_increment_metric(metricId: u32, delta: i64): i32;

@external("env", "proxy_record_metric")
export declare function proxy_record_metric(metricId: u32, value: u64): i32;
