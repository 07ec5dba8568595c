import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildExamples, exampleFile } from "../build-examples.ts";
import { runFilterCommand } from "../filter.ts";
import { FilterFiles, type GuestParts } from "./testing/filter-files.setup.ts";

const files = new FilterFiles();

beforeAll(() => buildExamples());
afterAll(() => files.remove());

async function inspect(file: string, ...options: string[]) {
  return runFilterCommand(["inspect", file, "--requests", "200", ...options]);
}

async function inspectGuest(name: string, parts: GuestParts, ...options: string[]) {
  return inspect(files.guest(`${name}.wasm`, parts), ...options);
}

/** A callback for the request's head with this body. */
const onRequest = (body: string): string =>
  `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body})`;

describe("inspect", () => {
  it("reports what a filter is, needs and exports", async () => {
    const { ok, report } = await inspect(exampleFile("deny-without-credential"));
    expect(ok).toBe(true);
    expect(report).toMatch(/^filter +.*deny-without-credential\.wasm, [\d.]+ KiB$/m);
    expect(report).toMatch(/^ABI +Proxy-Wasm 0\.2\.1$/m);
    expect(report).toMatch(/functions answered:\n +wasi_snapshot_preview1\.fd_write/);
    expect(report).toMatch(/^start +ok, 64 KiB of linear memory$/m);
  });

  it("warns of exported stages that a service would not run", async () => {
    const { report } = await inspect(exampleFile("deny-without-credential"));
    expect(report).toMatch(/request-body, response-headers, response-body:\n +WARNING exported, but off unless/);
    expect(report).toMatch(/request-trailers, response-trailers:\n +WARNING exported, but never run/);
    const plain = await inspectGuest("plain", { body: onRequest("(i32.const 0)"), maximumPages: 1 });
    expect(plain.report).not.toContain("WARNING");
  });

  it("lists imports that are not implemented or unknown, and still starts the filter", async () => {
    const { ok, report } = await inspectGuest("imports", {
      imports: `(import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_send" (func (param i32 i32 i32 i32) (result i32)))
        (import "env" "envoy_resolve_dns" (func (param i32) (result i32)))`,
    });
    expect(ok).toBe(true);
    expect(report).toMatch(/1 function answered:\n +env\.proxy_log/);
    expect(report).toMatch(/1 function not implemented, answering UNIMPLEMENTED:\n +env\.proxy_grpc_send/);
    expect(report).toMatch(/1 function unknown, .*:\n +env\.envoy_resolve_dns/);
  });

  it("shows only the first of thousands of names", async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `unknown_${index}`);
    const imports = names.map((name) => `(import "env" "${name}" (func))`).join("");
    const { ok, report } = await inspectGuest("many-imports", { imports });
    expect(ok).toBe(true);
    expect(report).toMatch(/5000 functions unknown, .*:\n +env\.unknown_0, /);
    expect(report).toMatch(/… and 4500 functions more/);
    const globals = names.map((name) => `(import "env" "${name}" (global i32))`).join("");
    const { complaint } = await inspectGuest("many-globals", { imports: globals });
    expect(complaint).toMatch(/global env\.unknown_19; .*\n… and 4980 reasons more/);
  });

  it.each([
    ["page by page", "(drop (memory.grow (i32.const 1)))"],
    ["arenas of 4 pages", "(drop (memory.grow (i32.const 4)))"],
    ["doubling", "(if (i32.lt_u (memory.size) (i32.const 64)) (then (drop (memory.grow (memory.size)))))"],
    ["none", ""],
  ])("observes growth: %s", async (rule, grow) => {
    const { report } = await inspectGuest(`growth-${rule.replaceAll(" ", "-")}`, {
      body: onRequest(`${grow} (i32.const 0)`),
    });
    expect(report).toMatch(new RegExp(`^growth +${rule}: 64 KiB -> `, "m"));
  });

  it("reports how far memory may grow, and how to cap a filter that check-config refuses", async () => {
    expect((await inspectGuest("capped", { maximumPages: 1_024 })).report).toMatch(/^memory +may grow to 64 MiB$/m);
    const endless = await inspectGuest("endless", {});
    expect(endless.ok).toBe(true);
    expect(endless.report).toMatch(
      /^memory +has no memory maximum\n +WARNING npm run check-config refuses it: 64 MiB, .*\n +npm run filter -- cap .*endless\.wasm$/m,
    );
    const beyond = await inspectGuest("beyond", { maximumPages: 1_025 });
    expect(beyond.report).toMatch(/^memory +may grow to 67174400 bytes\n +WARNING/m);
    const several = files.wat(
      "several.wasm",
      `(module (memory (export "memory") 1 2) (memory 1 2) (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 0)))`,
    );
    expect((await inspect(several)).report).toMatch(/^memory +defines 2 memories; .*\n +WARNING .*\nrestart/m);
  });

  it("stops driving a filter that fails, and reports that", async () => {
    const { ok, report } = await inspectGuest("trap-later", { body: onRequest("unreachable") });
    expect(ok).toBe(true);
    expect(report).toMatch(/1 request, .*ended because the FILTER FAILED\n +1 x failed: trap/);
  });

  it("can report as JSON", async () => {
    const { report } = await inspect(exampleFile("deny-without-credential"), "--json");
    expect(JSON.parse(report ?? "")).toMatchObject({
      kind: "inspected",
      abiVersion: "0.2.1",
      allocator: "malloc",
      memory: { ok: true, maximumBytes: 67_108_864 },
      imports: { unknown: [], unimplemented: [] },
      stages: { impossible: ["request-trailers", "response-trailers"] },
      series: { requests: 200, growth: { kind: "none" }, outcomes: [{ outcome: "continue", count: 200 }] },
    });
  });
});

describe("inspect refuses, with a reason and without a stack trace", () => {
  const refusals: [string, GuestParts, RegExp][] = [
    ["a module that is no Proxy-Wasm", { abi: "" }, /\(no_abi_version\)/],
    ["an ABI that is not known", { abi: `(func (export "proxy_abi_version_9_9_9"))` }, /9\.9\.9.*\(unknown_abi\)/],
    ["a module without an allocator", { allocator: "" }, /proxy_on_memory_allocate.*malloc.*\(no_allocator\)/],
    ["a trap at start", { body: `(func (export "_start") unreachable)` }, /unreachable.*_start.*\(trap_at_start\)/],
    [
      "a start that is refused",
      { body: `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 0))` },
      /proxy_on_vm_start returned false.*\(vm_start_refused\)/,
    ],
    [
      "a configuration that is refused",
      { body: `(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))` },
      /proxy_on_configure returned false.*\(configure_refused\)/,
    ],
    ["an imported memory", { imports: `(import "env" "table" (table 1 funcref))` }, /\(unsupported_import\)/],
  ];

  it.each(refusals)("%s", async (name, parts, reason) => {
    const { ok, report, complaint } = await inspectGuest(name.replaceAll(" ", "-"), parts);
    expect([ok, report]).toEqual([false, undefined]);
    expect(complaint).toMatch(reason);
    expect(complaint).not.toMatch(/^ +at /m);
  });

  it("all faults at once", async () => {
    const { complaint } = await inspectGuest("two-faults", { abi: "", allocator: "" });
    expect(complaint).toMatch(/no_abi_version/);
    expect(complaint).toMatch(/no_allocator/);
  });

  it("with what the filter logged about its configuration", async () => {
    const { ok, complaint } = await inspect(exampleFile("http-call-and-continue"), "--config", "clutser=auth");
    expect(ok).toBe(false);
    expect(complaint).toMatch(/configure_refused/);
    expect(complaint).toMatch(/line 1 is not understood: clutser=auth/);
    expect(complaint).toMatch(/^hint +it was started without --vm-config, --root-id: does it need any of them\?$/m);
  });

  it("files that are not modules", async () => {
    const text = await inspect(files.write("text.wasm", "(module)"));
    expect(text.complaint).toMatch(/text\.wasm: is no WebAssembly.*WebAssembly text/);
    const component = await inspect(files.write("component.wasm", Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0)));
    expect(component.complaint).toMatch(/component.*wasm32-wasip1/);
    const broken = await inspect(files.write("broken.wasm", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 99)));
    expect(broken.complaint).toMatch(/broken\.wasm: cannot be compiled/);
    expect((await inspect("nowhere.wasm")).complaint).toBe("nowhere.wasm: does not exist");
  });
});
