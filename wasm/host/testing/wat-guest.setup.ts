import binaryen from "binaryen";

/** Parameters (i for i32, I for i64) of every host function of the ABI; each returns one i32. */
export const HOST_SIGNATURES: Readonly<Record<string, string>> = {
  proxy_log: "iii",
  proxy_get_log_level: "i",
  proxy_get_current_time_nanoseconds: "i",
  proxy_set_tick_period_milliseconds: "i",
  proxy_set_effective_context: "i",
  proxy_done: "",
  proxy_get_buffer_bytes: "iiiii",
  proxy_set_buffer_bytes: "iiiii",
  proxy_get_buffer_status: "iii",
  proxy_get_header_map_size: "ii",
  proxy_get_header_map_pairs: "iii",
  proxy_set_header_map_pairs: "iii",
  proxy_get_header_map_value: "iiiii",
  proxy_add_header_map_value: "iiiii",
  proxy_replace_header_map_value: "iiiii",
  proxy_remove_header_map_value: "iii",
  proxy_continue_stream: "i",
  proxy_close_stream: "i",
  proxy_get_status: "iii",
  proxy_send_local_response: "iiiiiiii",
  proxy_http_call: "iiiiiiiiii",
  proxy_grpc_call: "iiiiiiiiiiii",
  proxy_grpc_stream: "iiiiiiiii",
  proxy_grpc_send: "iiii",
  proxy_grpc_cancel: "i",
  proxy_grpc_close: "i",
  proxy_set_shared_data: "iiiii",
  proxy_get_shared_data: "iiiii",
  proxy_register_shared_queue: "iii",
  proxy_resolve_shared_queue: "iiiii",
  proxy_enqueue_shared_queue: "iii",
  proxy_dequeue_shared_queue: "iii",
  proxy_define_metric: "iiii",
  proxy_record_metric: "iI",
  proxy_increment_metric: "iI",
  proxy_get_metric: "ii",
  proxy_get_property: "iiii",
  proxy_set_property: "iiii",
  proxy_call_foreign_function: "iiiiii",
  proxy_get_configuration: "ii",
  proxy_continue_request: "",
  proxy_continue_response: "",
  proxy_clear_route_cache: "",
};

/** The same for WASI, without `proc_exit`, which returns nothing. */
export const WASI_SIGNATURES: Readonly<Record<string, string>> = {
  fd_write: "iiii",
  fd_read: "iiii",
  fd_close: "i",
  fd_seek: "iIii",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_prestat_get: "ii",
  fd_prestat_dir_name: "iii",
  path_open: "iiiiiIIii",
  random_get: "ii",
  clock_time_get: "iIi",
  args_sizes_get: "ii",
  args_get: "ii",
  environ_sizes_get: "ii",
  environ_get: "ii",
  poll_oneoff: "iiii",
  sched_yield: "",
};

/** Where a guest's texts and its allocations begin. The space below is for results. */
const TEXTS_AT = 1_024;
const HEAP_AT = 32_768;

export interface GuestOptions {
  /** Default `"0_2_1"`; empty: declares none. */
  readonly abi?: string;
  /** Default `"proxy_on_memory_allocate"`; empty: exports none. */
  readonly allocator?: string;
  /** Body of the allocator, instead of the default; takes `$size` and returns an address. */
  readonly allocate?: string;
  readonly pages?: number;
}

/** Places a text in the guest's memory; returns its address and length as two operands. */
export type GuestText = (text: string | Uint8Array) => string;

/**
 * A Proxy-Wasm guest in WebAssembly text. `source` returns its functions. The guest imports all host functions under their
 * names (`$proxy_log`, `$fd_write`) and has `$log` (logs a text at info), a memory and an allocator that never frees.
 */
export function guest(source: (text: GuestText) => string, options: GuestOptions = {}): WebAssembly.Module {
  const { abi = "0_2_1", allocator = "proxy_on_memory_allocate", pages = 1 } = options;
  const segments: string[] = [];
  let textAt = TEXTS_AT;
  const text: GuestText = (content) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    segments.push(`(data (i32.const ${textAt}) "${escaped}")`);
    const operands = `(i32.const ${textAt}) (i32.const ${bytes.length})`;
    textAt += bytes.length;
    return operands;
  };
  const functions = source(text);
  const allocate =
    options.allocate ??
    `(local $at i32)
     (local.set $at (global.get $heap))
     (global.set $heap (i32.add (local.get $at) (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
     (block $fits (loop $grow
       (br_if $fits (i32.le_u (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
       (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
       (return (i32.const 0))))
     (local.get $at)`;

  return moduleOf(`(module
    ${importsOf("env", HOST_SIGNATURES)}
    ${importsOf("wasi_snapshot_preview1", WASI_SIGNATURES)}
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") ${pages})
    (global $heap (mut i32) (i32.const ${HEAP_AT}))
    ${abi === "" ? "" : `(func (export "proxy_abi_version_${abi}"))`}
    ${allocator === "" ? "" : `(func $allocate (export "${allocator}") (param $size i32) (result i32) ${allocate})`}
    (func $log (param i32 i32) (drop (call $proxy_log (i32.const 2) (local.get 0) (local.get 1))))
    ${functions}
    ${segments.join("\n")}
  )`);
}

/** Compiles any module from WebAssembly text. */
export function moduleOf(wat: string): WebAssembly.Module {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const bytes = new Uint8Array(parsed.emitBinary());
  parsed.dispose();
  return new WebAssembly.Module(bytes);
}

function importsOf(module: string, signatures: Readonly<Record<string, string>>): string {
  return Object.entries(signatures)
    .map(([name, parameters]) => {
      const types = [...parameters].map((kind) => (kind === "I" ? "i64" : "i32"));
      const param = types.length === 0 ? "" : `(param ${types.join(" ")})`;
      return `(import "${module}" "${name}" (func $${name} ${param} (result i32)))`;
    })
    .join("\n");
}
