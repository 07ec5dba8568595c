import type { AbiVersion } from "../../index.ts";
import { HOSTILE_LAYOUT, hostileFunctionsOf, LARGEST_ERRNO, LARGEST_STATUS } from "../hostile.ts";
import { type ImportedFunction, isWasi, type Parameter, parametersOf, wasmTypesOf } from "../puppet/abi-table.ts";

const { HEAP, CANARIES, END_GAP, PAGES, TEXTS } = HOSTILE_LAYOUT;
/** What a guest would pass rightly, so that the fuzz also gets past the first check. */
const SOME_TEXTS = "auth\\00:path\\00plugin_name\\00";

/**
 * A guest that calls one host function over and over with arguments drawn at random, from every callback: small numbers
 * and ids, sizes, addresses of texts, addresses at the very edges of its memory and of 32 bits. It traps at an answer
 * that is no status, and when a byte has changed that no argument pointed to. Its own state is in globals, which no write
 * of the host can reach.
 *
 * The plugin's configuration tells it what to do: u32 function, u32 seed, u32 calls in each callback, u32 calls in all.
 * When those are made it switches its ticks off.
 */
export function hostileText(abi: AbiVersion): string {
  const functions = hostileFunctionsOf(abi);
  return `(module
    ${functions.map(importText).join("\n")}
    (memory (export "memory") ${PAGES})
    (data (i32.const ${TEXTS}) "${SOME_TEXTS}")
    (global $heap (mut i32) (i32.const ${HEAP}))
    (global $state (mut i32) (i32.const 1))
    (global $function (mut i32) (i32.const 0))
    (global $calls (mut i32) (i32.const 0))
    (global $left (mut i32) (i32.const 0))
    (func (export "proxy_abi_version_${abi.replaceAll(".", "_")}"))

    (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $heap))
      ;; What does not fit is refused: the host must take a no for an answer.
      (if (i32.gt_u (local.get $size) (i32.sub (i32.const ${CANARIES}) (local.get $at))) (then (return (i32.const 0))))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (local.get $at))

    (func $random (result i32)
      (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 13))))
      (global.set $state (i32.xor (global.get $state) (i32.shr_u (global.get $state) (i32.const 17))))
      (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 5))))
      (global.get $state))

    ;; Never an address between the canaries: what lies there is not the host's to change.
    (func $argument (result i32)
      (local $kind i32)
      (local.set $kind (i32.and (call $random) (i32.const 15)))
      (if (i32.lt_u (local.get $kind) (i32.const 5)) (then (return (i32.and (call $random) (i32.const 15)))))
      (if (i32.lt_u (local.get $kind) (i32.const 7)) (then (return (i32.and (call $random) (i32.const 0xff)))))
      (if (i32.eq (local.get $kind) (i32.const 7)) (then (return (i32.and (call $random) (i32.const 0xfff)))))
      ;; Large sizes are rare: they cost the host most, and tell no more for being many.
      (if (i32.eq (local.get $kind) (i32.const 8)) (then (return (i32.and (call $random)
        (select (i32.const 0xffff) (i32.const 0x7f) (i32.eqz (i32.and (call $random) (i32.const 15))))))))
      (if (i32.lt_u (local.get $kind) (i32.const 11))
        (then (return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.and (call $random) (i32.const 7))))))
      (if (i32.lt_u (local.get $kind) (i32.const 13))
        (then (return (i32.sub (i32.const 0) (i32.and (call $random) (i32.const 15))))))
      (if (i32.eq (local.get $kind) (i32.const 13)) (then (return (i32.const 0x80000000))))
      (if (i32.eq (local.get $kind) (i32.const 14)) (then (return (i32.const ${TEXTS}))))
      (i32.or (call $random) (i32.const 0x01000000)))

    (func $check (param $status i32) (param $largest i32)
      (if (i32.gt_u (local.get $status) (local.get $largest)) (then (unreachable))))

    ${functions.map(attackText).join("\n")}

    (func $attack
      ${functions
        .map((name, index) => `(if (i32.eq (global.get $function) (i32.const ${index})) (then (call $attack_${name})))`)
        .join("\n")}
      (call $watch)
      (global.set $left (i32.sub (global.get $left) (global.get $calls)))
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 1000))))

    ;; The canaries are as they were: zero.
    (func $watch
      (local $at i32)
      (local.set $at (i32.const ${CANARIES}))
      (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const ${PAGES * 65_536 - END_GAP}))))
      (if (i32.ne (memory.size) (i32.const ${PAGES})) (then (unreachable))))

    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (if (call $proxy_get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4))
        (then (unreachable)))
      (global.set $function (i32.load (i32.load (i32.const 0))))
      (global.set $state (i32.load offset=4 (i32.load (i32.const 0))))
      (global.set $calls (i32.load offset=8 (i32.load (i32.const 0))))
      (global.set $left (i32.load offset=12 (i32.load (i32.const 0))))
      (call $attack)
      (i32.const 1))
    (func (export "proxy_on_context_create") (param i32 i32) (call $attack))
    (func (export "proxy_on_tick") (param i32) (call $attack)
      (if (i32.le_s (global.get $left) (i32.const 0))
        (then (drop (call $proxy_set_tick_period_milliseconds (i32.const 0))))))
    ${["request_headers", "request_body", "response_headers", "response_body"].map(streamCallback).join("\n")}
    (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
      (call $attack) (i32.and (call $random) (i32.const 1)))
    (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
      (call $attack) (i32.and (call $random) (i32.const 1)))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $attack))
    (func (export "proxy_on_queue_ready") (param i32 i32) (call $attack))
    (func (export "proxy_on_done") (param i32) (result i32) (call $attack) (i32.and (call $random) (i32.const 1)))
    (func (export "proxy_on_log") (param i32) (call $attack))
    (func (export "proxy_on_delete") (param i32) (call $attack))
  )`;
}

function streamCallback(name: string): string {
  return `(func (export "proxy_on_${name}") (param i32 i32 i32) (result i32)
    (call $attack) (i32.and (call $random) (i32.const 1)))`;
}

function importText(name: ImportedFunction): string {
  const types = wasmTypesOf(name);
  const parameters = types.length === 0 ? "" : `(param ${types.join(" ")})`;
  return `(import "${isWasi(name) ? "wasi_snapshot_preview1" : "env"}" "${name}" (func $${name} ${parameters} (result i32)))`;
}

function attackText(name: ImportedFunction): string {
  const largest = isWasi(name) ? LARGEST_ERRNO : LARGEST_STATUS;
  return `(func $attack_${name}
    (local $left i32)
    (local.set $left (global.get $calls))
    (block $enough (loop $again
      (br_if $enough (i32.eqz (local.get $left)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      ;; The allocator starts over, or the heap would be the only victim.
      (global.set $heap (i32.const ${HEAP}))
      (call $check (call $${name} ${parametersOf(name).map(operandsOf).join(" ")}) (i32.const ${largest}))
      (br $again))))`;
}

function operandsOf(parameter: Parameter): string {
  if (parameter === "span") return "(call $argument) (call $argument)";
  if (parameter === "value64")
    return "(i64.mul (i64.extend_i32_s (call $argument)) (i64.extend_i32_s (call $argument)))";
  return "(call $argument)";
}
