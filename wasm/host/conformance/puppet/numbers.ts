/** The ABI's numbers as in the reference. The host has its own, which these tests must not trust. */

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
  UNIMPLEMENTED: 12,
} as const;

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

export const StreamType = { REQUEST: 0, RESPONSE: 1, DOWNSTREAM: 2, UPSTREAM: 3 } as const;

export const Action = { CONTINUE: 0, PAUSE: 1 } as const;

/** The C++ and AssemblyScript SDKs return these instead. */
export const EnvoyHeadersAction = {
  STOP_ITERATION: 1,
  CONTINUE_AND_END_STREAM: 2,
  STOP_ALL_ITERATION_AND_BUFFER: 3,
  STOP_ALL_ITERATION_AND_WATERMARK: 4,
} as const;
export const EnvoyDataAction = {
  STOP_ITERATION_AND_BUFFER: 1,
  STOP_ITERATION_AND_WATERMARK: 2,
  STOP_ITERATION_NO_BUFFER: 3,
} as const;

export const MetricType = { COUNTER: 0, GAUGE: 1, HISTOGRAM: 2 } as const;
