import { describe, expect, it } from "vitest";
import { importState, importsByState, PROXY_FUNCTIONS, WASI_FUNCTION_NAMES, WASI_MODULES } from "./function-catalog.ts";
import { unimplemented } from "./functions/grpc.ts";
import { wasiNoSystem } from "./functions/wasi.ts";
import { importsFor } from "./imports.ts";
import { HostHarness } from "./testing/host-harness.setup.ts";
import { HOST_SIGNATURES } from "./testing/wat-guest.setup.ts";

const imported = (module: string, name: string): unknown =>
  importsFor(new HostHarness().vm, [{ kind: "function", module, name }])[module]?.[name];

describe("the catalogue of host functions", () => {
  it("has every function of the ABI, and no other", () => {
    expect([...PROXY_FUNCTIONS.keys()].sort()).toEqual(Object.keys(HOST_SIGNATURES).sort());
  });

  it("says of each function what the import really does", () => {
    for (const name of [...PROXY_FUNCTIONS.keys(), "emscripten_notify_memory_growth", "pthread_equal", "proxy_what"]) {
      expect([name, importState("env", name) === "answered"]).toEqual([name, imported("env", name) !== unimplemented]);
    }
    for (const module of WASI_MODULES) {
      for (const name of [...WASI_FUNCTION_NAMES, "sock_accept"]) {
        const isAnswered = imported(module, name) !== wasiNoSystem;
        expect([name, importState(module, name) === "answered"]).toEqual([name, isAnswered]);
      }
    }
  });

  it("sorts a module's imports by what becomes of them", () => {
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
