/**
 * Constants of the Proxy-Wasm ABI (proxy-wasm/spec, abi-versions v0.1.0, v0.2.0, v0.2.1). Names in comments are from the
 * specification.
 */

export type AbiVersion = "0.1.0" | "0.2.0" | "0.2.1";

/** `proxy_status_t`: the result of a host function. */
export const Status = {
  OK: 0,
  NOT_FOUND: 1,
  BAD_ARGUMENT: 2,
  SERIALIZATION_FAILURE: 3,
  PARSE_FAILURE: 4,
  INVALID_MEMORY_ACCESS: 6,
  EMPTY: 7,
  CAS_MISMATCH: 8,
  INTERNAL_FAILURE: 10,
  /** Not in the specification: Envoy's host reports it from `proxy_get_status` for a failed call. */
  BROKEN_CONNECTION: 11,
  UNIMPLEMENTED: 12,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** `proxy_map_type_t` */
export const MapType = {
  REQUEST_HEADERS: 0,
  REQUEST_TRAILERS: 1,
  RESPONSE_HEADERS: 2,
  RESPONSE_TRAILERS: 3,
  GRPC_INITIAL_METADATA: 4,
  GRPC_TRAILING_METADATA: 5,
  CALL_RESPONSE_HEADERS: 6,
  CALL_RESPONSE_TRAILERS: 7,
} as const;

/** `proxy_buffer_type_t` */
export const BufferType = {
  REQUEST_BODY: 0,
  RESPONSE_BODY: 1,
  DOWNSTREAM_DATA: 2,
  UPSTREAM_DATA: 3,
  CALL_RESPONSE_BODY: 4,
  GRPC_MESSAGE: 5,
  VM_CONFIGURATION: 6,
  PLUGIN_CONFIGURATION: 7,
  FOREIGN_FUNCTION_ARGUMENTS: 8,
} as const;

/** `proxy_stream_type_t` */
export const StreamType = { REQUEST: 0, RESPONSE: 1, DOWNSTREAM: 2, UPSTREAM: 3 } as const;

/** `proxy_log_level_t`; the index is the ABI's number. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "critical"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** The lowest level that is logged; `off` is above all of them. */
export type LogThreshold = LogLevel | "off";

/** `proxy_metric_type_t`; the index is the ABI's number. */
export const METRIC_TYPES = ["counter", "gauge", "histogram"] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/**
 * `proxy_action_t`. C++ and AssemblyScript SDKs return values of Envoy's wider enumerations instead. Every value except
 * CONTINUE pauses. For headers, 1 is StopIteration; 3 and 4 (StopAllIteration...) always withhold the body.
 */
export const ACTION_CONTINUE = 0;
export const ACTION_STOP_ITERATION = 1;
/** For bodies, 1 and 2 buffer; 3 (StopIterationNoBuffer) drops the chunk just shown. */
export const DATA_ACTION_NO_BUFFER = 3;
