/** Proxy-Wasm ABI 0.2.1: the numbers that this filter shares with the host. */

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
