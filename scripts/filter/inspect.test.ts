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

  it("stops driving a filter that fails, and says what it logged last", async () => {
    const { ok, report } = await inspectGuest("trap-later", {
      imports: LOG,
      body: `(data (i32.const 16) "no rules") ${onRequest("(drop (call $log (i32.const 4) (i32.const 16) (i32.const 8))) unreachable")}`,
    });
    expect(ok).toBe(false);
    expect(report).toMatch(/1 request, .*ended because the FILTER FAILED\n +1 x failed: trap/);
    expect(report).toMatch(/^FAILED +request 1: FAILED at request-headers: trap: .*\n +error: no rules\n +critical: /m);
  });

  it("fails for a filter that never decides", async () => {
    const { ok, report } = await inspectGuest("silent", { body: onRequest("(i32.const 1)") }, "--requests", "3");
    expect(ok).toBe(false);
    expect(report).toMatch(/^FAILED +request 1: NONE: the filter still waits at request-headers/m);
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

const LOG = `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`;
const GET = `(import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))`;

describe("inspect says what to configure:", () => {
  it("the clusters that the filter calls", async () => {
    const { report } = await inspect(exampleFile("http-call-and-continue"), "--config", "cluster=auth\npath=/check");
    expect(report).toMatch(/^clusters +auth \(200 calls\)\n +called: the service's `clusters` must have each/m);
  });

  it("properties that it asks for and does not get, but not those that a request may have", async () => {
    const asked = ["cluster_name", "node\\00metadata\\00", "request\\00referer", "source\\00address", "route_name"];
    const lengths = [12, 14, 15, 14, 10];
    const body = asked.map((path, index) => `(data (i32.const ${(index + 1) * 32}) "${path}")`).join("");
    const reads = lengths.map(
      (size, index) =>
        `(drop (call $get (i32.const ${(index + 1) * 32}) (i32.const ${size}) (i32.const 0) (i32.const 4)))`,
    );
    const { report } = await inspectGuest("asks", {
      imports: GET,
      body: body + onRequest(`${reads.join("")} (i32.const 0)`),
    });
    expect(report).toMatch(/^properties cluster_name, node\.metadata\n +asked for and not answered/m);
  });

  it("foreign and unimplemented functions that it calls", async () => {
    const { ok, report } = await inspectGuest("missing", {
      imports: `(import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_call" (func $grpc (result i32)))`,
      body: `(data (i32.const 16) "compress\\1b")
        ${onRequest(`(drop (call $foreign (i32.const 16) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
          (drop (call $grpc)) (i32.const 0)`)}`,
    });
    expect(ok).toBe(true);
    expect(report).toMatch(/^warning: gRPC: the filter imports proxy_grpc_call, which answer/);
    expect(report).toMatch(/^missing +proxy_grpc_call, foreign function compress\\x1b\n/m);
  });

  it("a root ID, if it makes no host call at all", async () => {
    const nothing = /no host call at all, .* is this the right root ID/;
    expect((await inspectGuest("nothing", { body: onRequest("(i32.const 0)") })).report).toMatch(nothing);
    const logs = onRequest("(drop (call $log (i32.const 2) (i32.const 16) (i32.const 1))) (i32.const 0)");
    expect((await inspectGuest("something", { imports: LOG, body: logs })).report).not.toMatch(nothing);
    expect((await inspectGuest("undriven", {}, "--requests", "0")).report).not.toMatch(nothing);
  });

  it("what it does only in other stages than the request's head, and whether it fails there", async () => {
    const onResponse = (body: string) => `(data (i32.const 16) "cluster_name")
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) ${body})`;
    const asks = "(drop (call $get (i32.const 16) (i32.const 12) (i32.const 0) (i32.const 4))) (i32.const 0)";
    const asking = await inspectGuest("asks-at-response", { imports: GET, body: onResponse(asks) });
    expect(asking.report).toMatch(/^properties cluster_name$/m);
    expect(asking.report).not.toMatch(/no host call at all|a request through all stages/);
    const trapping = await inspectGuest("traps-at-response", { body: onResponse("unreachable") });
    // Services run that stage only if they name it.
    expect(trapping.ok).toBe(true);
    expect(trapping.report).toMatch(
      /^WARNING +a request through all stages that it exports: FAILED at response-headers: trap/m,
    );
  });

  it("an initialiser, if there is none", async () => {
    const none = /no initialiser found: no _initialize, _start or start section/;
    expect((await inspectGuest("no-initialiser", {})).report).toMatch(none);
    for (const [name, body] of [
      ["initialize", `(func (export "_initialize"))`],
      ["start", `(func (export "_start"))`],
      ["start-section", "(func $begin) (start $begin)"],
    ] as const) {
      expect((await inspectGuest(name, { body })).report).not.toMatch(none);
    }
  });

  it("what memory does: a leak grows over one and the same request, a cache only over others", async () => {
    const verdict = async (name: string, body: string) =>
      (
        await inspectGuest(name, {
          imports: `(import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))`,
          body: `(data (i32.const 16) ":path") (global $last (mut i32) (i32.const 0)) ${onRequest(`${body} (i32.const 0)`)}`,
          allocator: `(func (export "malloc") (param i32) (result i32) (i32.const 1024))`,
        })
      ).report;
    // Grows with each path that differs from the last one in its last character.
    const cache = `(drop (call $header (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 4)))
      (if (i32.ne (global.get $last) (i32.load8_u (i32.add (i32.const 1023) (i32.load (i32.const 4))))) (then
        (global.set $last (i32.load8_u (i32.add (i32.const 1023) (i32.load (i32.const 4)))))
        (drop (memory.grow (i32.const 1)))))`;
    expect(await verdict("caches", cache)).toMatch(
      /^verdict +a cache: memory grows only over requests that differ, by 64 KiB each$/m,
    );
    expect(await verdict("leaks", "(drop (memory.grow (i32.const 1)))")).toMatch(
      /^verdict +a LEAK: memory keeps growing over one and the same request, by 64 KiB each$/m,
    );
    expect(await verdict("steady", "")).toMatch(/^verdict +memory does not keep growing$/m);
  });

  it("growth beyond the default hard limit", async () => {
    const { report } = await inspectGuest("too-large", {
      body: onRequest(
        "(if (i32.lt_u (memory.size) (i32.const 1100)) (then (drop (memory.grow (i32.const 200))))) (i32.const 0)",
      ),
    });
    expect(report).toMatch(/^ +WARNING beyond 64 MiB, the default of restart\.hardLimitBytes, after 6 requests/m);
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
