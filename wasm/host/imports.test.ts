import binaryen from "binaryen";
import { describe, expect, it } from "vitest";
import { Status } from "./abi.ts";
import { importState, importsByState, PROXY_FUNCTIONS, WASI_FUNCTION_NAMES, WASI_MODULES } from "./function-catalog.ts";
import { wasiNoSystem } from "./functions/wasi.ts";
import { importsFor } from "./imports.ts";
import { HostHarness } from "./testing/host-harness.setup.ts";
import { HOST_SIGNATURES } from "./testing/wat-guest.setup.ts";

const imported = (module: string, name: string): unknown =>
  importsFor(new HostHarness().vm, [{ kind: "function", module, name }])[module]?.[name];

describe("the catalogue of host functions", () => {
  it("has exactly the functions of the ABI", () => {
    expect([...PROXY_FUNCTIONS.keys()].sort()).toEqual(Object.keys(HOST_SIGNATURES).sort());
  });

  it("gives the true state of each function", () => {
    for (const name of [...PROXY_FUNCTIONS.keys(), "emscripten_notify_memory_growth", "pthread_equal", "proxy_what"]) {
      const isAnswered = (imported("env", name) as { name: string }).name !== "unimplemented";
      expect([name, importState("env", name) === "answered"]).toEqual([name, isAnswered]);
    }
    for (const module of WASI_MODULES) {
      for (const name of [...WASI_FUNCTION_NAMES, "sock_accept"]) {
        const isAnswered = imported(module, name) !== wasiNoSystem;
        expect([name, importState(module, name) === "answered"]).toEqual([name, isAnswered]);
      }
    }
  });

  it("sorts a module's imports by state", () => {
    const of = (module: string, name: string) => ({ kind: "function", module, name }) as const;
    expect(
      importsByState([
        of("env", "proxy_log"),
        of("wasi_unstable", "proc_exit"),
        of("env", "proxy_grpc_call"),
        of("env", "envoy_resolve_dns"),
        of("other", "proxy_log"),
        of("env", "__proto__"),
        { kind: "memory", module: "env", name: "memory" },
      ]),
    ).toEqual({
      answered: ["env.proxy_log", "wasi_unstable.proc_exit"],
      unimplemented: ["env.proxy_grpc_call"],
      unknown: ["env.envoy_resolve_dns", "other.proxy_log", "env.__proto__"],
    });
  });
});

describe("a function that no ABI knows", () => {
  it("returns UNIMPLEMENTED as whatever result type the guest declares", () => {
    const { binary } = assembled(`(module
      (import "env" "vendor_i32" (func $a (result i32)))
      (import "env" "vendor_i64" (func $b (result i64)))
      (import "env" "vendor_f64" (func $c (result f64)))
      (func (export "sum") (result f64)
        (f64.add (f64.convert_i32_u (call $a)) (f64.add (f64.convert_i64_u (call $b)) (call $c)))))`);
    const module = new WebAssembly.Module(binary);
    const { exports } = new WebAssembly.Instance(
      module,
      importsFor(new HostHarness().vm, WebAssembly.Module.imports(module)),
    );
    expect(typeof exports.sum === "function" && exports.sum()).toBe(3 * Status.UNIMPLEMENTED);
  });
});

function assembled(text: string): { binary: Uint8Array<ArrayBuffer> } {
  const parsed = binaryen.parseText(text);
  const binary = new Uint8Array(parsed.emitBinary());
  parsed.dispose();
  return { binary };
}
