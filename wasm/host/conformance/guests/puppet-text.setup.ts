import type { AbiVersion } from "../../index.ts";
import {
  CALLBACK_NAMES,
  type Callback,
  callbackArity,
  callbackShape,
  FUNCTION_NAMES,
  isIn,
  isWasi,
  wasmTypesOf,
} from "../puppet/abi-table.ts";
import {
  AllocatorMode,
  ARGUMENTS_AT,
  CARRIED_OUT,
  ENTERED,
  Layout,
  Opcode,
  UNTOUCHED_BYTE,
} from "../puppet/protocol.ts";

export interface PuppetOptions {
  readonly abi: AbiVersion;
  /** Callbacks it exports; default all of its version, as SDKs do. */
  readonly callbacks?: readonly Callback[];
  /** Default: `proxy_on_memory_allocate`, beside a `malloc` that traps. */
  readonly allocator?: "proxy_on_memory_allocate" | "malloc";
  readonly wasiModule?: "wasi_snapshot_preview1" | "wasi_unstable";
}

/** The puppet (see puppet/protocol.ts) in WebAssembly text. */
export function puppetText(options: PuppetOptions): string {
  const { abi, wasiModule = "wasi_snapshot_preview1", allocator } = options;
  const functions = FUNCTION_NAMES.filter((name) => isIn(name, abi));
  const imports = functions.map((name) => {
    const module = isWasi(name) ? wasiModule : "env";
    const types = wasmTypesOf(name);
    const parameters = types.length === 0 ? "" : `(param ${types.join(" ")})`;
    return `(import "${module}" "${name}" (func $${name} ${parameters} (result i32)))`;
  });
  const dispatch = functions.map((name) => {
    const operands = wasmTypesOf(name).map((type, index) => {
      const at = ARGUMENTS_AT + 8 * index;
      return type === "i64" ? `(i64.load offset=${at} (local.get $at))` : `(i32.load offset=${at} (local.get $at))`;
    });
    return `(if (i32.eq (local.get $function) (i32.const ${FUNCTION_NAMES.indexOf(name)}))
      (then (return (call $${name} ${operands.join(" ")}))))`;
  });
  const callbacks = (options.callbacks ?? CALLBACK_NAMES).filter(
    (name) => name !== "memory_allocate" && (callbackShape(name).versions?.includes(abi) ?? true),
  );

  return `(module
    ${imports.join("\n")}
    (import "${wasiModule}" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") ${Layout.PAGES})
    (data (i32.const 0) "${ENTERED}")
    (data (i32.const 16) "${CARRIED_OUT}")
    (global $depth (mut i32) (i32.const -1))
    (global $heap (mut i32) (i32.const ${Layout.HEAP}))
    (global $mode (mut i32) (i32.const ${AllocatorMode.NORMAL}))
    (func (export "proxy_abi_version_${abi.replaceAll(".", "_")}"))
    ${allocator === "malloc" ? "" : `(func (export "malloc") (param i32) (result i32) (unreachable))`}
    ${BODY}
    (func $dispatch (param $function i32) (param $at i32) (result i32)
      ${dispatch.join("\n")}
      (unreachable))
    (func (export "${allocator ?? "proxy_on_memory_allocate"}") (param $size i32) (result i32)
      (call $host_allocates (local.get $size)))
    ${callbacks.map((name) => callbackText(name, abi)).join("\n")}
  )`;
}

function callbackText(name: Callback, abi: AbiVersion): string {
  const arity = callbackArity(name, abi);
  const { export: exportName, result } = callbackShape(name);
  const parameters = arity === 0 ? "" : `(param ${Array(arity).fill("i32").join(" ")})`;
  const operands = [0, 1, 2, 3, 4].map((index) => (index < arity ? `(local.get ${index})` : "(i32.const 0)"));
  const run = `(call $run (i32.const ${CALLBACK_NAMES.indexOf(name)}) ${operands.join(" ")})`;
  return result === undefined
    ? `(func (export "${exportName}") ${parameters} (drop ${run}))`
    : `(func (export "${exportName}") ${parameters} (result i32) ${run})`;
}

const operand = (index: number): string => `(i32.load offset=${4 + 4 * index} (local.get $instruction))`;
const when = (opcode: number, body: string): string =>
  `(if (i32.eq (local.get $opcode) (i32.const ${opcode})) (then ${body} (br $next)))`;
const modeIs = (mode: number): string => `(i32.eq (global.get $mode) (i32.const ${mode}))`;

const BODY = `
  ;; Bump allocation; the memory grows as needed.
  (func $allocate (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (local.get $at) (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -8))))
    (block $fits (loop $grow
      (br_if $fits (i32.le_u (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
      (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
      (unreachable)))
    (local.get $at))

  (func $host_allocates (param $size i32) (result i32)
    (local $count i32) (local $at i32)
    (if ${modeIs(AllocatorMode.FAIL)} (then (return (i32.const 0))))
    (if ${modeIs(AllocatorMode.OUTSIDE)}
      (then (return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)))))
    (if ${modeIs(AllocatorMode.TRAP)} (then (unreachable)))
    (if ${modeIs(AllocatorMode.GROW)} (then (drop (memory.grow (i32.const 1)))))
    (if ${modeIs(AllocatorMode.SCRIPTED)} (then
      (drop (call $run (i32.const ${CALLBACK_NAMES.indexOf("memory_allocate")})
        (local.get $size) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
    (local.set $at (call $allocate (local.get $size)))
    (local.set $count (i32.load (i32.const ${Layout.ALLOCATIONS})))
    (if (i32.lt_u (local.get $count) (i32.const ${Layout.MAX_ALLOCATIONS})) (then
      (i32.store offset=${Layout.ALLOCATIONS + 4} (i32.shl (local.get $count) (i32.const 3)) (local.get $size))
      (i32.store offset=${Layout.ALLOCATIONS + 8} (i32.shl (local.get $count) (i32.const 3)) (local.get $at))
      (i32.store (i32.const ${Layout.ALLOCATIONS}) (i32.add (local.get $count) (i32.const 1)))))
    (local.get $at))

  (func $digit (param $nibble i32) (result i32)
    (i32.add (local.get $nibble)
      (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $nibble) (i32.const 10)))))

  (func $report (param $prefix i32) (param $at i32) (param $size i32)
    (local $to i32) (local $end i32) (local $byte i32)
    (memory.copy (i32.const ${Layout.REPORT}) (local.get $prefix) (i32.const ${ENTERED.length}))
    (local.set $to (i32.const ${Layout.REPORT + ENTERED.length}))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $written (loop $bytes
      (br_if $written (i32.eq (local.get $at) (local.get $end)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (i32.store8 (local.get $to) (call $digit (i32.shr_u (local.get $byte) (i32.const 4))))
      (i32.store8 offset=1 (local.get $to) (call $digit (i32.and (local.get $byte) (i32.const 15))))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $bytes)))
    (drop (call $proxy_http_call
      (i32.const ${Layout.REPORT}) (i32.sub (local.get $to) (i32.const ${Layout.REPORT}))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const ${Layout.SCRATCH}))))

  (func $carried_out (param $at i32) (param $size i32)
    (call $report (i32.const 16) (local.get $at) (local.get $size)))

  (func $exhaust (param $depth i32) (result i32)
    (i32.add (call $exhaust (i32.add (local.get $depth) (i32.const 1))) (local.get $depth)))

  (func $run (param $callback i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $e i32) (result i32)
    (local $instruction i32) (local $out i32) (local $opcode i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (if (i32.ge_s (global.get $depth) (i32.const ${Layout.DEPTH})) (then (unreachable)))
    (local.set $instruction (i32.add (i32.const ${Layout.INSTRUCTION})
      (i32.mul (global.get $depth) (i32.const ${Layout.INSTRUCTION_BYTES}))))
    (local.set $out (i32.add (i32.const ${Layout.OUT}) (i32.shl (global.get $depth) (i32.const 8))))
    (i32.store (local.get $out) (local.get $callback))
    (i32.store offset=4 (local.get $out) (local.get $a))
    (i32.store offset=8 (local.get $out) (local.get $b))
    (i32.store offset=12 (local.get $out) (local.get $c))
    (i32.store offset=16 (local.get $out) (local.get $d))
    (i32.store offset=20 (local.get $out) (local.get $e))
    (call $report (i32.const 0) (local.get $out) (i32.const 24))
    (loop $next
      (drop (call $random_get (i32.const ${Layout.INSTRUCTION_SIZE}) (i32.const 4)))
      (drop (call $random_get (local.get $instruction) (i32.load (i32.const ${Layout.INSTRUCTION_SIZE}))))
      (local.set $opcode (i32.load (local.get $instruction)))
      ${when(
        Opcode.CALL,
        `(memory.fill (local.get $out) (i32.const ${UNTOUCHED_BYTE}) (i32.const ${Layout.OUT_BYTES}))
         (i32.store (i32.sub (local.get $out) (i32.const 4))
           (call $dispatch ${operand(0)} (local.get $instruction)))
         (call $carried_out (i32.sub (local.get $out) (i32.const 4)) (i32.const ${Layout.OUT_BYTES + 4}))`,
      )}
      ${when(
        Opcode.WRITE,
        `(memory.copy ${operand(0)} (i32.add (local.get $instruction) (i32.const 12)) ${operand(1)})
         (call $carried_out (i32.const 0) (i32.const 0))`,
      )}
      ${when(Opcode.READ, `(call $carried_out ${operand(0)} ${operand(1)})`)}
      ${when(
        Opcode.FILL,
        `(memory.fill ${operand(0)} ${operand(2)} ${operand(1)}) (call $carried_out (i32.const 0) (i32.const 0))`,
      )}
      ${when(
        Opcode.GROW,
        `(i32.store (local.get $out) (memory.grow ${operand(0)})) (call $carried_out (local.get $out) (i32.const 4))`,
      )}
      ${when(
        Opcode.ALLOCATE,
        `(i32.store (local.get $out) (call $allocate ${operand(0)})) (call $carried_out (local.get $out) (i32.const 4))`,
      )}
      ${when(Opcode.ALLOCATOR, `(global.set $mode ${operand(0)}) (call $carried_out (i32.const 0) (i32.const 0))`)}
      ${when(Opcode.TRAP, "(unreachable)")}
      ${when(Opcode.EXHAUST_STACK, "(drop (call $exhaust (i32.const 0)))")}
      ${when(Opcode.EXIT, `(call $proc_exit ${operand(0)})`)})
    (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))
    ${operand(0)})`;
