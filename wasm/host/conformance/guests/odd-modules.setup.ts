/** Modules that are no filters, or fail on the way to being one, in WebAssembly text. The name says what is odd. */
export const ODD_MODULES: Readonly<Record<string, string>> = {
  "no-abi-version": filter("", { abi: [] }),
  "unknown-abi": filter("", { abi: ["0_9_9"] }),
  // Speaks the oldest and the newest version; a host speaks the newest with it: a missing header is NOT_FOUND then.
  "two-abis": filter(
    `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.ne (call $get_value (i32.const 0) (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 4)) (i32.const 1))
        (then (unreachable)))
      (i32.const 0))`,
    {
      abi: ["0_1_0", "0_2_1"],
      imports: `(import "env" "proxy_get_header_map_value"
        (func $get_value (param i32 i32 i32 i32 i32) (result i32)))`,
    },
  ),
  "no-memory": `(module (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) (i32.const 0)))`,
  "no-allocator": filter("", { allocator: "" }),
  "memory-of-64-bits": filter("", { memory: "i64 1" }),
  "memory-of-4-gib": filter("", { memory: "65536" }),
  "imported-memory": `(module (import "env" "memory" (memory 1)) (export "memory" (memory 0))
    (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) (i32.const 8)))`,
  "trap-in-start-section": filter("(func $main (unreachable)) (start $main)"),
  "recursion-in-start-section": filter("(func $main (call $main)) (start $main)"),
  "trap-in-start": filter(`(func (export "_start") (unreachable))`),
  "trap-in-initialize": filter(`(func (export "_initialize") (unreachable))`),
  "trap-in-vm-start": filter(`(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (unreachable))`),
  "trap-in-configure": filter(`(func (export "proxy_on_configure") (param i32 i32) (result i32) (unreachable))`),
  "exit-0-in-start": exiting("_start", 0),
  "exit-0-in-initialize": exiting("_initialize", 0),
  "exit-1-in-start": exiting("_start", 1),
  // As AssemblyScript of 2020: the program is the start section, and it calls the host before there is a memory to see.
  "logs-in-start-section": filter(
    `(func $main (drop (call $log (i32.const 2) (i32.const 64) (i32.const 6)))) (start $main)`,
    { imports: `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))` },
  ),
  // Standard C++ of Emscripten and Rust: `__main_void` instead of `main`.
  "main-void": filter(
    `(func (export "_initialize") (drop (call $log (i32.const 2) (i32.const 64) (i32.const 3))))
     (func (export "__main_void") (result i32) (drop (call $log (i32.const 2) (i32.const 67) (i32.const 3))) (i32.const 0))`,
    { imports: `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))` },
  ),
};

interface FilterParts {
  readonly abi?: readonly string[];
  readonly allocator?: string;
  readonly imports?: string;
  /** Type of the memory. */
  readonly memory?: string;
}

/** "absent" stands at address 64. */
function filter(functions: string, parts: FilterParts = {}): string {
  const { abi = ["0_2_1"], allocator = "malloc", imports = "", memory = "1" } = parts;
  return `(module
    ${imports}
    (memory (export "memory") ${memory})
    (data (${memory.startsWith("i64") ? "i64" : "i32"}.const 64) "absent")
    ${abi.map((version) => `(func (export "proxy_abi_version_${version}"))`).join("\n")}
    ${allocator === "" ? "" : `(func (export "${allocator}") (param i32) (result i32) (i32.const 1024))`}
    ${functions}
  )`;
}

function exiting(entry: string, code: number): string {
  return filter(`(func (export "${entry}") (call $exit (i32.const ${code})) (unreachable))`, {
    imports: `(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`,
  });
}
