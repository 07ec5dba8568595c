/**
 * Proxy-Wasm ABI 0.2.1: the host functions that this filter calls. AssemblyScript imports them from the module `env`, by the name of
 * this file. Every function returns a status. Before the host returns bytes, it calls `proxy_on_memory_allocate`.
 */

export declare function proxy_log(level: i32, message: usize, messageSize: usize): i32;

export declare function proxy_get_current_time_nanoseconds(into: usize): i32;

export declare function proxy_set_tick_period_milliseconds(periodMs: u32): i32;

export declare function proxy_set_effective_context(contextId: u32): i32;

export declare function proxy_get_buffer_bytes(buffer: i32, start: u32, size: u32, into: usize, intoSize: usize): i32;

export declare function proxy_get_header_map_pairs(map: i32, into: usize, intoSize: usize): i32;

export declare function proxy_replace_header_map_value(
  map: i32,
  name: usize,
  nameSize: usize,
  value: usize,
  valueSize: usize,
): i32;

export declare function proxy_remove_header_map_value(map: i32, name: usize, nameSize: usize): i32;

export declare function proxy_get_property(path: usize, pathSize: usize, into: usize, intoSize: usize): i32;

export declare function proxy_set_property(path: usize, pathSize: usize, value: usize, valueSize: usize): i32;

export declare function proxy_continue_stream(stream: i32): i32;

export declare function proxy_send_local_response(
  status: u32,
  details: usize,
  detailsSize: usize,
  body: usize,
  bodySize: usize,
  headers: usize,
  headersSize: usize,
  grpcStatus: i32,
): i32;

export declare function proxy_http_call(
  upstream: usize,
  upstreamSize: usize,
  headers: usize,
  headersSize: usize,
  body: usize,
  bodySize: usize,
  trailers: usize,
  trailersSize: usize,
  timeoutMs: u32,
  callId: usize,
): i32;

export declare function proxy_get_status(code: usize, message: usize, messageSize: usize): i32;

export declare function proxy_define_metric(type: i32, name: usize, nameSize: usize, metricId: usize): i32;

export declare function proxy_increment_metric(metricId: u32, delta: i64): i32;

export declare function proxy_record_metric(metricId: u32, value: u64): i32;
