import type { AbiVersion } from "../../index.ts";

/**
 * The ABI as in the reference: what this suite's guests import and export. Deliberately separate from the host's own
 * tables, so that a mistake in one does not hide in the other.
 */

export const ABI_VERSIONS: readonly AbiVersion[] = ["0.1.0", "0.2.0", "0.2.1"];

/**
 * The kind of a parameter. `value`: i32. `value64`: i64. `span`: an address and a size. `out`: the address of a u32 that the
 * host writes. `out64`: of eight bytes.
 */
export type Parameter = "value" | "value64" | "span" | "out" | "out64";

/** Every function of every version; `versions` if not all have it. Each returns an i32 status. */
interface HostFunctionShape {
  readonly parameters: readonly Parameter[];
  readonly versions?: readonly AbiVersion[];
}

const shape = (parameters: string, versions?: readonly AbiVersion[]): HostFunctionShape => ({
  parameters: parameters === "" ? [] : parameters.split(" ").map(parameterOf),
  ...(versions !== undefined && { versions }),
});

const SINCE_0_2_0: readonly AbiVersion[] = ["0.2.0", "0.2.1"];
const ONLY_0_1_0: readonly AbiVersion[] = ["0.1.0"];

export const PROXY_FUNCTIONS = {
  proxy_log: shape("value span"),
  proxy_get_log_level: shape("out", ["0.2.1"]),
  proxy_get_current_time_nanoseconds: shape("out64"),
  proxy_set_tick_period_milliseconds: shape("value"),
  proxy_set_effective_context: shape("value"),
  proxy_done: shape(""),
  proxy_get_buffer_bytes: shape("value value value out out"),
  proxy_set_buffer_bytes: shape("value value value span"),
  proxy_get_buffer_status: shape("value out out"),
  proxy_get_header_map_size: shape("value out"),
  proxy_get_header_map_pairs: shape("value out out"),
  proxy_set_header_map_pairs: shape("value span"),
  proxy_get_header_map_value: shape("value span out out"),
  proxy_add_header_map_value: shape("value span span"),
  proxy_replace_header_map_value: shape("value span span"),
  proxy_remove_header_map_value: shape("value span"),
  proxy_continue_stream: shape("value", SINCE_0_2_0),
  proxy_close_stream: shape("value", SINCE_0_2_0),
  proxy_get_status: shape("out out out"),
  proxy_send_local_response: shape("value span span span value"),
  proxy_http_call: shape("span span span span value out"),
  proxy_grpc_call: shape("span span span span span value out"),
  proxy_grpc_stream: shape("span span span span out"),
  proxy_grpc_send: shape("value span value"),
  proxy_grpc_cancel: shape("value"),
  proxy_grpc_close: shape("value"),
  proxy_set_shared_data: shape("span span value"),
  proxy_get_shared_data: shape("span out out out"),
  proxy_register_shared_queue: shape("span out"),
  proxy_resolve_shared_queue: shape("span span out"),
  proxy_enqueue_shared_queue: shape("value span"),
  proxy_dequeue_shared_queue: shape("value out out"),
  proxy_define_metric: shape("value span out"),
  proxy_record_metric: shape("value value64"),
  proxy_increment_metric: shape("value value64"),
  proxy_get_metric: shape("value out64"),
  proxy_get_property: shape("span out out"),
  proxy_set_property: shape("span span"),
  proxy_call_foreign_function: shape("span span out out"),
  proxy_get_configuration: shape("out out", ONLY_0_1_0),
  proxy_continue_request: shape("", ONLY_0_1_0),
  proxy_continue_response: shape("", ONLY_0_1_0),
  proxy_clear_route_cache: shape("", ONLY_0_1_0),
} as const satisfies Record<string, HostFunctionShape>;

/** WASI preview 1, without `proc_exit`, which does not return. */
export const WASI_FUNCTIONS = {
  fd_write: shape("value value value out"),
  fd_read: shape("value value value out"),
  fd_close: shape("value"),
  fd_seek: shape("value value64 value out64"),
  fd_fdstat_get: shape("value value"),
  fd_fdstat_set_flags: shape("value value"),
  fd_prestat_get: shape("value out64"),
  fd_prestat_dir_name: shape("value span"),
  path_open: shape("value value span value value64 value64 value out"),
  random_get: shape("span"),
  clock_time_get: shape("value value64 out64"),
  args_sizes_get: shape("out out"),
  args_get: shape("value value"),
  environ_sizes_get: shape("out out"),
  environ_get: shape("value value"),
  poll_oneoff: shape("value value value out"),
  sched_yield: shape(""),
} as const satisfies Record<string, HostFunctionShape>;

/** Imports of real modules that neither an ABI version nor WASI defines. */
export const UNKNOWN_FUNCTIONS = {
  proxy_get_secret: shape("span out out"),
  envoy_resolve_dns: shape("span value"),
} as const satisfies Record<string, HostFunctionShape>;

export type ProxyFunction = keyof typeof PROXY_FUNCTIONS;
export type WasiFunction = keyof typeof WASI_FUNCTIONS;
export type ImportedFunction = ProxyFunction | WasiFunction | keyof typeof UNKNOWN_FUNCTIONS;

const ALL_FUNCTIONS: Readonly<Record<ImportedFunction, HostFunctionShape>> = {
  ...PROXY_FUNCTIONS,
  ...WASI_FUNCTIONS,
  ...UNKNOWN_FUNCTIONS,
};

/** A name's position is its number in the puppet's program. */
export const FUNCTION_NAMES = Object.keys(ALL_FUNCTIONS).filter(isImportedFunction);

export function parametersOf(name: ImportedFunction): readonly Parameter[] {
  return ALL_FUNCTIONS[name].parameters;
}

export function isIn(name: ImportedFunction, version: AbiVersion): boolean {
  return ALL_FUNCTIONS[name].versions?.includes(version) ?? true;
}

/** The functions of one version, as its guests import them. */
export function proxyFunctionsOf(version: AbiVersion): ProxyFunction[] {
  return Object.keys(PROXY_FUNCTIONS)
    .filter(isProxyFunction)
    .filter((name) => isIn(name, version));
}

/** The WebAssembly types of a function's parameters. */
export function wasmTypesOf(name: ImportedFunction): ("i32" | "i64")[] {
  return parametersOf(name).flatMap((parameter): ("i32" | "i64")[] => {
    if (parameter === "span") return ["i32", "i32"];
    return [parameter === "value64" ? "i64" : "i32"];
  });
}

export function isWasi(name: string): name is WasiFunction {
  return Object.hasOwn(WASI_FUNCTIONS, name);
}

function isProxyFunction(name: string): name is ProxyFunction {
  return Object.hasOwn(PROXY_FUNCTIONS, name);
}

function isImportedFunction(name: string): name is ImportedFunction {
  return Object.hasOwn(ALL_FUNCTIONS, name);
}

function parameterOf(text: string): Parameter {
  switch (text) {
    case "value":
    case "value64":
    case "span":
    case "out":
    case "out64":
      return text;
    default:
      throw new Error(`"${text}" is no kind of parameter`);
  }
}

/** A function the host calls; `versions` if not all have it. */
interface CallbackShape {
  readonly export: string;
  readonly parameters: number;
  /** The puppet's result if its script sets none; absent: the callback has no result. */
  readonly result?: number;
  readonly versions?: readonly AbiVersion[];
}

/** The callbacks by their names in this suite's scripts and records. */
export const CALLBACKS = {
  _initialize: { export: "_initialize", parameters: 0 },
  main: { export: "main", parameters: 2, result: 0 },
  _start: { export: "_start", parameters: 0 },
  memory_allocate: { export: "proxy_on_memory_allocate", parameters: 1, result: 0 },
  context_create: { export: "proxy_on_context_create", parameters: 2 },
  vm_start: { export: "proxy_on_vm_start", parameters: 2, result: 1 },
  configure: { export: "proxy_on_configure", parameters: 2, result: 1 },
  tick: { export: "proxy_on_tick", parameters: 1 },
  request_headers: { export: "proxy_on_request_headers", parameters: 3, result: 0 },
  request_body: { export: "proxy_on_request_body", parameters: 3, result: 0 },
  request_trailers: { export: "proxy_on_request_trailers", parameters: 2, result: 0 },
  response_headers: { export: "proxy_on_response_headers", parameters: 3, result: 0 },
  response_body: { export: "proxy_on_response_body", parameters: 3, result: 0 },
  response_trailers: { export: "proxy_on_response_trailers", parameters: 2, result: 0 },
  http_call_response: { export: "proxy_on_http_call_response", parameters: 5 },
  queue_ready: { export: "proxy_on_queue_ready", parameters: 2 },
  foreign_function: {
    export: "proxy_on_foreign_function",
    parameters: 3,
    versions: SINCE_0_2_0,
  },
  done: { export: "proxy_on_done", parameters: 1, result: 1 },
  log: { export: "proxy_on_log", parameters: 1 },
  delete: { export: "proxy_on_delete", parameters: 1 },
  new_connection: { export: "proxy_on_new_connection", parameters: 1, result: 0 },
  downstream_data: { export: "proxy_on_downstream_data", parameters: 3, result: 0 },
  upstream_data: { export: "proxy_on_upstream_data", parameters: 3, result: 0 },
  downstream_connection_close: { export: "proxy_on_downstream_connection_close", parameters: 2 },
  upstream_connection_close: { export: "proxy_on_upstream_connection_close", parameters: 2 },
  grpc_receive_initial_metadata: { export: "proxy_on_grpc_receive_initial_metadata", parameters: 3 },
  grpc_receive_trailing_metadata: { export: "proxy_on_grpc_receive_trailing_metadata", parameters: 3 },
  grpc_receive: { export: "proxy_on_grpc_receive", parameters: 3 },
  grpc_close: { export: "proxy_on_grpc_close", parameters: 3 },
  // SDKs export it although no version has it. A host that called it would not start the filter.
  validate_configuration: { export: "proxy_validate_configuration", parameters: 2, result: 0 },
  request_metadata: { export: "proxy_on_request_metadata", parameters: 2, result: 1 },
} as const satisfies Record<string, CallbackShape>;

export type Callback = keyof typeof CALLBACKS;

const CALLBACK_SHAPES: Readonly<Record<Callback, CallbackShape>> = CALLBACKS;

/** A name's position is its number in the puppet's reports. */
export const CALLBACK_NAMES = Object.keys(CALLBACKS).filter(isCallback);

export function callbackShape(name: Callback): CallbackShape {
  return CALLBACK_SHAPES[name];
}

/** Parameters of a callback in one version: 0.1.0 does not report whether headers end the stream. */
export function callbackArity(name: Callback, version: AbiVersion): number {
  const headers = name === "request_headers" || name === "response_headers";
  return headers && version === "0.1.0" ? 2 : CALLBACK_SHAPES[name].parameters;
}

function isCallback(name: string): name is Callback {
  return Object.hasOwn(CALLBACKS, name);
}
