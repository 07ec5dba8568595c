import { describe, expect, it } from "vitest";
import { inspectModule } from "./inspect.ts";
import { ALL_STAGES, onBody, onHeaders, onRequest, onTrailers } from "./testing/scenes.setup.ts";
import { guest, moduleOf } from "./testing/wat-guest.setup.ts";

describe("inspecting a module", () => {
  it("reports its version, entry point, allocator, stages and callbacks without running it", () => {
    const module = guest(
      () => `
      (func (export "_initialize") (unreachable))
      ${onRequest("(i32.const 0)")} ${onBody("response", "(i32.const 0)")}
      (func (export "proxy_on_grpc_close") (param i32 i32 i32))
      (func (export "proxy_on_request_metadata") (param i32 i32) (result i32) (i32.const 0))`,
      { abi: "0_2_0", allocator: "malloc" },
    );
    expect(inspectModule(module)).toMatchObject({
      abiVersion: "0.2.0",
      declaredAbiVersions: ["0.2.0"],
      exports: {
        called: ["proxy_on_request_headers", "proxy_on_response_body"],
        uncalled: ["proxy_on_grpc_close"],
        other: ["memory", "proxy_abi_version_0_2_0", "malloc", "_initialize", "proxy_on_request_metadata"],
      },
      stages: {
        requestBody: false,
        requestTrailers: false,
        responseHeaders: false,
        responseBody: true,
        responseTrailers: false,
      },
      entryPoint: "_initialize",
      allocator: "malloc",
      toolchain: undefined,
      problems: [],
    });
  });

  it("sees every stage that has a callback", () => {
    const both = ["request", "response"] as const;
    const module = guest(() =>
      both
        .flatMap((message) => [onHeaders, onBody, onTrailers].map((callback) => callback(message, "(i32.const 0)")))
        .join("\n"),
    );
    expect(inspectModule(module).stages).toEqual(ALL_STAGES);
  });

  it("sorts imports into answered, unimplemented and unknown", () => {
    const { imports } = inspectModule(
      moduleOf(`(module
        (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_call" (func))
        (import "env" "proxy_get_secret" (func))
        (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))`),
    );
    expect(imports).toEqual({
      answered: ["env.proxy_log", "wasi_snapshot_preview1.fd_write"],
      unimplemented: ["env.proxy_grpc_call"],
      unknown: ["env.proxy_get_secret"],
    });
  });

  it("names everything that prevents a module from running as a filter", () => {
    const { problems, abiVersion, allocator, entryPoint } = inspectModule(
      moduleOf(`(module (import "env" "memory" (memory 1)) (func (export "proxy_abi_version_9_0_0")))`),
    );
    expect(problems.map(({ reason }) => reason)).toEqual([
      "unknown_abi",
      "no_memory",
      "no_allocator",
      "unsupported_import",
    ]);
    expect([abiVersion, allocator, entryPoint]).toEqual([undefined, undefined, undefined]);
    expect(inspectModule(moduleOf("(module)")).problems[0]?.reason).toBe("no_abi_version");
  });
});
