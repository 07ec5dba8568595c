import type { AbiVersion } from "./abi.ts";

/** The module from which guests import Proxy-Wasm functions. */
export const PROXY_MODULE = "env";
/** The modules from which toolchains import WASI. */
export const WASI_MODULES: readonly string[] = ["wasi_snapshot_preview1", "wasi_unstable"];

const ALL: readonly AbiVersion[] = ["0.1.0", "0.2.0", "0.2.1"];
const SINCE_0_2_0: readonly AbiVersion[] = ["0.2.0", "0.2.1"];
const SINCE_0_2_1: readonly AbiVersion[] = ["0.2.1"];
const ONLY_0_1_0: readonly AbiVersion[] = ["0.1.0"];

/** ABI functions this host does not implement. A filter that imports them runs; they return UNIMPLEMENTED. */
export const GRPC_FUNCTION_NAMES: readonly string[] = [
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "proxy_grpc_send",
  "proxy_grpc_cancel",
  "proxy_grpc_close",
];

/** Every ABI function, with the versions that define it. A guest gets all of them, whatever version it declares. */
export const PROXY_FUNCTIONS: ReadonlyMap<string, readonly AbiVersion[]> = new Map([
  ["proxy_log", ALL],
  ["proxy_get_log_level", SINCE_0_2_1],
  ["proxy_get_current_time_nanoseconds", ALL],
  ["proxy_set_tick_period_milliseconds", ALL],
  ["proxy_set_effective_context", ALL],
  ["proxy_done", ALL],
  ["proxy_get_status", ALL],
  ["proxy_get_configuration", ONLY_0_1_0],
  ["proxy_get_buffer_bytes", ALL],
  ["proxy_set_buffer_bytes", ALL],
  ["proxy_get_buffer_status", ALL],
  ["proxy_get_header_map_size", ALL],
  ["proxy_get_header_map_pairs", ALL],
  ["proxy_set_header_map_pairs", ALL],
  ["proxy_get_header_map_value", ALL],
  ["proxy_add_header_map_value", ALL],
  ["proxy_replace_header_map_value", ALL],
  ["proxy_remove_header_map_value", ALL],
  ["proxy_continue_request", ONLY_0_1_0],
  ["proxy_continue_response", ONLY_0_1_0],
  ["proxy_clear_route_cache", ONLY_0_1_0],
  ["proxy_continue_stream", SINCE_0_2_0],
  ["proxy_close_stream", SINCE_0_2_0],
  ["proxy_send_local_response", ALL],
  ["proxy_http_call", ALL],
  ["proxy_set_shared_data", ALL],
  ["proxy_get_shared_data", ALL],
  ["proxy_register_shared_queue", ALL],
  ["proxy_resolve_shared_queue", ALL],
  ["proxy_enqueue_shared_queue", ALL],
  ["proxy_dequeue_shared_queue", ALL],
  ["proxy_define_metric", ALL],
  ["proxy_record_metric", ALL],
  ["proxy_increment_metric", ALL],
  ["proxy_get_metric", ALL],
  ["proxy_get_property", ALL],
  ["proxy_set_property", ALL],
  ["proxy_call_foreign_function", ALL],
  ...GRPC_FUNCTION_NAMES.map((name): [string, readonly AbiVersion[]] => [name, ALL]),
]);

/** Functions outside the ABI that toolchains import from `env`. */
const PLATFORM_NAMES: ReadonlySet<string> = new Set(["emscripten_notify_memory_growth", "pthread_equal"]);

/** The functions of WASI preview 1 that Proxy-Wasm toolchains import. */
export const WASI_FUNCTION_NAMES: ReadonlySet<string> = new Set([
  "fd_write",
  "fd_read",
  "fd_close",
  "fd_seek",
  "fd_fdstat_get",
  "fd_fdstat_set_flags",
  "fd_prestat_get",
  "fd_prestat_dir_name",
  "path_open",
  "path_filestat_get",
  "proc_exit",
  "random_get",
  "clock_time_get",
  "args_sizes_get",
  "args_get",
  "environ_sizes_get",
  "environ_get",
  "poll_oneoff",
  "sched_yield",
]);

/**
 * The state of an imported function. `unimplemented`: in the ABI, but not implemented here. `unknown`: in no ABI version.
 * Both return UNIMPLEMENTED (WASI: ENOSYS).
 */
export type ImportState = "answered" | "unimplemented" | "unknown";

export function importState(module: string, name: string): ImportState {
  if (WASI_MODULES.includes(module)) return WASI_FUNCTION_NAMES.has(name) ? "answered" : "unknown";
  if (module !== PROXY_MODULE) return "unknown";
  if (GRPC_FUNCTION_NAMES.includes(name)) return "unimplemented";
  return PROXY_FUNCTIONS.has(name) || PLATFORM_NAMES.has(name) ? "answered" : "unknown";
}

export type ImportsByState = Readonly<Record<ImportState, readonly string[]>>;

/** The imported functions as `module.name`, by state. */
export function importsByState(imports: readonly WebAssembly.ModuleImportDescriptor[]): ImportsByState {
  const byState: Record<ImportState, string[]> = { answered: [], unimplemented: [], unknown: [] };
  for (const { kind, module, name } of imports) {
    if (kind === "function") byState[importState(module, name)].push(`${module}.${name}`);
  }
  return byState;
}
