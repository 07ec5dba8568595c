import { describe, expect, it } from "vitest";
import { FilterInstance, FilterStartError, type FilterStartReason } from "./index.ts";
import { FakeServices, START } from "./testing/fake-services.setup.ts";
import { guest, moduleOf } from "./testing/wat-guest.setup.ts";

function start(module: WebAssembly.Module): { services: FakeServices; instance: FilterInstance } {
  const services = new FakeServices();
  return { services, instance: FilterInstance.start(module, services, START) };
}

function refusal(module: WebAssembly.Module): FilterStartError {
  try {
    start(module);
  } catch (error) {
    if (error instanceof FilterStartError) return error;
    throw error;
  }
  throw new Error("the filter started");
}

const TRAP = "(unreachable)";

describe("starting a filter", () => {
  it("runs _initialize, main, the root's creation, on_vm_start and on_configure, in this order", () => {
    const { services } = start(
      guest(
        ($) => `
        (func (export "_initialize") (call $log ${$("_initialize")}))
        (func (export "main") (param i32 i32) (result i32) (call $log ${$("main")}) (i32.const 1))
        (func (export "_start") (call $log ${$("_start")}))
        (func (export "proxy_on_context_create") (param $id i32) (param $parent i32)
          (if (i32.and (i32.eq (local.get $id) (i32.const 1)) (i32.eqz (local.get $parent)))
            (then (call $log ${$("root 1")}))))
        (func (export "proxy_on_vm_start") (param $id i32) (param $size i32) (result i32)
          (drop (call $proxy_get_buffer_bytes (i32.const 6) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
          (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))
          (i32.const 1))
        (func (export "proxy_on_configure") (param $id i32) (param $size i32) (result i32)
          (drop (call $proxy_get_buffer_bytes (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
          (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))
          (i32.const 1))`,
      ),
    );
    expect(services.lines).toEqual(["_initialize", "main", "root 1", "vm configuration", "plugin configuration"]);
  });

  it("runs _start only if there is no _initialize, and then does not run main", () => {
    const { services } = start(
      guest(
        ($) => `
        (func (export "main") (param i32 i32) (result i32) (call $log ${$("main")}) (i32.const 0))
        (func (export "_start") (call $log ${$("_start")}))`,
      ),
    );
    expect(services.lines).toEqual(["_start"]);
  });

  it("lets a program exit with code 0 in _start", () => {
    const { instance } = start(guest(() => `(func (export "_start") (call $proc_exit (i32.const 0)))`));
    expect(instance.failure).toBeUndefined();
  });

  it("returns plugin_root_id while the root is created", () => {
    const { services } = start(
      guest(
        ($) => `(func (export "proxy_on_context_create") (param i32 i32)
          (drop (call $proxy_get_property ${$("plugin_root_id")} (i32.const 0) (i32.const 4)))
          (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4))))`,
      ),
    );
    expect(services.lines).toEqual(["root"]);
  });

  it("uses the newest ABI that both module and host support", () => {
    const exports = (versions: string[]): string =>
      versions.map((v) => `(func (export "proxy_abi_version_${v}"))`).join("");
    for (const [versions, spoken] of [
      [["0_1_0"], "0.1.0"],
      [["0_2_0"], "0.2.0"],
      [["0_1_0", "0_2_1", "9_9_9"], "0.2.1"],
    ] as const) {
      expect(start(guest(() => exports([...versions]), { abi: "" })).instance.abiVersion).toBe(spoken);
    }
  });

  it("prefers proxy_on_memory_allocate to malloc, as the specification says", () => {
    const { services } = start(
      guest(
        ($) => `
        (func (export "malloc") (param i32) (result i32) (unreachable))
        (func (export "proxy_on_context_create") (param i32 i32)
          (drop (call $proxy_get_property ${$("plugin_name")} (i32.const 0) (i32.const 4)))
          (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4))))`,
      ),
    );
    expect(services.lines).toEqual(["plugin"]);
  });

  it("fills unknown imports with functions that return UNIMPLEMENTED, and lists them", () => {
    const { instance, services } = start(
      moduleOf(`(module
        (import "env" "proxy_get_secret" (func $secret (param i32) (result i32)))
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "wasi_unstable" "sock_send" (func $send (param i32) (result i32)))
        (import "__proto__" "toString" (func $proto (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "as said")
        (func (export "proxy_abi_version_0_2_0"))
        (func (export "malloc") (param i32) (result i32) (i32.const 8))
        (func (export "proxy_on_context_create") (param i32 i32)
          (if (i32.and (i32.eq (call $secret (i32.const 0)) (i32.const 12)) (i32.eq (call $send (i32.const 0)) (i32.const 52)))
            (then (drop (call $log (i32.const 2) (i32.const 0) (i32.const 7)))))))`),
    );
    expect(instance.unknownImports).toEqual(["env.proxy_get_secret", "wasi_unstable.sock_send", "__proto__.toString"]);
    expect(services.lines).toEqual(["as said"]);
    expect(Object.prototype.toString.call([])).toBe("[object Array]");
  });
});

describe("a module that cannot be a filter is refused with the reason", () => {
  const cases: [FilterStartReason, string, () => WebAssembly.Module][] = [
    ["no_abi_version", "no ABI version", () => guest(() => "", { abi: "" })],
    ["unknown_abi", "an ABI of the future", () => guest(() => "", { abi: "9_9_9" })],
    ["no_allocator", "no allocator", () => guest(() => "", { allocator: "" })],
    [
      "no_memory",
      "no memory",
      () => moduleOf(`(module (func (export "proxy_abi_version_0_2_1")) (func (export "malloc")))`),
    ],
    [
      "no_memory",
      "a shared memory",
      () =>
        moduleOf(`(module (memory (export "memory") 1 2 shared)
          (func (export "proxy_abi_version_0_2_1")) (func (export "malloc")))`),
    ],
    [
      "unsupported_import",
      "an imported global",
      () =>
        moduleOf(`(module (import "env" "base" (global i32)) (memory (export "memory") 1)
          (func (export "proxy_abi_version_0_2_1")) (func (export "malloc")))`),
    ],
    ["trap_at_start", "a trap in the start section", () => guest(() => `(func $main ${TRAP}) (start $main)`)],
    [
      "exit_at_start",
      "an exit in the start section",
      () => guest(() => `(func $m (call $proc_exit (i32.const 3))) (start $m)`),
    ],
    ["trap_at_start", "a trap in _initialize", () => guest(() => `(func (export "_initialize") ${TRAP})`)],
    [
      "trap_at_start",
      "a trap in main",
      () => guest(() => `(func (export "_initialize")) (func (export "main") (param i32 i32) (result i32) ${TRAP})`),
    ],
    ["trap_at_start", "a trap in _start", () => guest(() => `(func (export "_start") ${TRAP})`)],
    [
      "exit_at_start",
      "an exit with a code in _start",
      () => guest(() => `(func (export "_start") (call $proc_exit (i32.const 1)))`),
    ],
    [
      "exit_at_start",
      "an exit with code 0 after _start",
      () => guest(() => `(func (export "proxy_on_context_create") (param i32 i32) (call $proc_exit (i32.const 0)))`),
    ],
    [
      "trap_at_start",
      "a trap in the root's creation",
      () => guest(() => `(func (export "proxy_on_context_create") (param i32 i32) ${TRAP})`),
    ],
    [
      "trap_at_start",
      "a trap in on_vm_start",
      () => guest(() => `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${TRAP})`),
    ],
    [
      "trap_at_start",
      "an endless recursion in on_configure",
      () =>
        guest(
          () => `(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
          (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $deep (i32.const 0)))`,
        ),
    ],
    [
      "vm_start_refused",
      "on_vm_start returning false",
      () => guest(() => `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 0))`),
    ],
    [
      "configure_refused",
      "on_configure returning false",
      () => guest(() => `(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))`),
    ],
  ];
  it.each(cases)("%s: %s", (reason, _what, module) => {
    const error = refusal(module());
    expect(error.reason, error.message).toBe(reason);
    expect(error.message).not.toBe("");
  });
});
