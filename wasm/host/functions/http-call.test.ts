import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import type { Context } from "../contexts.ts";
import { encodeHeaderMap } from "../header-codec.ts";
import type { HeaderList } from "../header-table.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const HEADERS: HeaderList = [
  [":method", "POST"],
  [":path", "/check"],
  ["Host", "auth.example.com"],
  ["X-Token", "t"],
];
const CALL_ID_AT = 8;

interface Parts {
  cluster?: string;
  headers?: HeaderList | Uint8Array;
  trailers?: HeaderList;
  timeoutMs?: number;
  callIdAt?: number;
}

function call(host: HostHarness, parts: Parts = {}, context: Context = host.stream): number {
  const { cluster = "auth", headers = HEADERS, trailers = [], timeoutMs = 250, callIdAt = CALL_ID_AT } = parts;
  const map = headers instanceof Uint8Array ? headers : encodeHeaderMap(headers);
  const args = [
    ...host.put(cluster),
    ...host.put(map),
    ...host.put("body"),
    ...host.put(encodeHeaderMap(trailers)),
    timeoutMs,
    callIdAt,
  ];
  return host.call("proxy_http_call", args, context);
}

describe("an http call", () => {
  it("is sent as written by the guest, with names in lower case and host as :authority", () => {
    const host = new HostHarness();
    expect(call(host, { trailers: [["X-Sum", "1"]] })).toBe(Status.OK);
    expect(host.services.calls).toMatchObject([
      {
        cluster: "auth",
        timeoutMs: 250,
        headers: [
          [":method", "POST"],
          [":path", "/check"],
          [":authority", "auth.example.com"],
          ["x-token", "t"],
        ],
        body: new TextEncoder().encode("body"),
        trailers: [["x-sum", "1"]],
      },
    ]);
  });

  it("to a cluster that there is not is BAD_ARGUMENT, and the embedder is told; a call that is wrong in itself is not", () => {
    const host = new HostHarness();
    expect(call(host, { cluster: "keys" })).toBe(Status.BAD_ARGUMENT);
    expect(host.stream.unserved).toBe(true);
    expect(call(host, { cluster: "k".repeat(HOST_LIMITS.textBytes + 1) })).toBe(Status.BAD_ARGUMENT);
    expect(call(host, { cluster: "keys" }, host.vm.root)).toBe(Status.BAD_ARGUMENT);
    expect(host.services.unservedCalls.map(({ what, name }) => [what, name])).toEqual([
      ["cluster", "keys"],
      ["cluster", ""],
      ["cluster", "keys"],
    ]);
    const other = new HostHarness();
    expect(call(other, { timeoutMs: -1 })).toBe(Status.BAD_ARGUMENT);
    expect([other.services.unservedCalls, other.stream.unserved]).toEqual([[], false]);
  });

  it("gets its own id and counts for the stream that made it", () => {
    const host = new HostHarness();
    call(host);
    const first = host.u32(CALL_ID_AT);
    call(host);
    call(host, {}, host.vm.root);
    expect(host.u32(CALL_ID_AT)).not.toBe(first);
    expect([host.stream.calls, host.vm.calls.count, host.vm.calls.dispatched]).toEqual([2, 3, 3]);
  });

  it.each<[string, Parts]>([
    ["an unknown cluster", { cluster: "unknown" }],
    ["no cluster", { cluster: "" }],
    ["a missing method", { headers: HEADERS.slice(1) }],
    ["a missing path", { headers: HEADERS.filter(([name]) => name !== ":path") }],
    ["a missing authority", { headers: HEADERS.filter(([name]) => name !== "Host") }],
    ["a malformed map", { headers: Uint8Array.of(1, 2, 3) }],
    ["a header that would break the request", { headers: [...HEADERS, ["x", "a\r\nb: c"]] }],
    ["a trailer that would break the request", { trailers: [["x y", ""]] }],
    ["a negative timeout", { timeoutMs: -1 }],
  ])("is BAD_ARGUMENT for %s, and nothing is sent", (_what, parts) => {
    const host = new HostHarness();
    expect(call(host, parts)).toBe(Status.BAD_ARGUMENT);
    expect(host.services.calls).toHaveLength(0);
  });

  it("is not sent if the address for its id or any input is outside memory", () => {
    const host = new HostHarness();
    expect(call(host, { callIdAt: 65_533 })).toBe(Status.INVALID_MEMORY_ACCESS);
    const [pointer, size] = host.put("auth");
    const args = [pointer, size, -1, 9, 0, 0, 0, 0, 0, CALL_ID_AT];
    expect(host.call("proxy_http_call", args)).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.services.calls).toHaveLength(0);
  });

  it("is refused for a body beyond the limit", () => {
    const host = new HostHarness();
    host.memory.grow(32);
    const args = [
      ...host.put("auth"),
      ...host.put(encodeHeaderMap(HEADERS)),
      ...[0, HOST_LIMITS.callBodyBytes + 1],
      ...[0, 0, 0, CALL_ID_AT],
    ];
    expect(host.call("proxy_http_call", args)).toBe(Status.BAD_ARGUMENT);
  });

  it("fails if its stream has too many pending, while other streams continue", () => {
    const host = new HostHarness();
    for (let index = 0; index < HOST_LIMITS.pendingCallsPerStream; index++) expect(call(host)).toBe(Status.OK);
    expect(call(host)).toBe(Status.INTERNAL_FAILURE);
    expect(call(host, {}, host.addStream())).toBe(Status.OK);
  });

  it("ends even if the embedder throws against its contract", async () => {
    const host = new HostHarness();
    host.services.httpCall = () => {
      throw new Error("broken");
    };
    expect(call(host)).toBe(Status.OK);
    await new Promise((done) => setTimeout(done, 0));
    expect(host.vm.calls.count).toBe(0);
    expect(host.services.levels).toEqual(["error"]);
  });
});

describe("many http calls", () => {
  it("are limited by the bytes of their bodies", () => {
    const host = new HostHarness();
    host.memory.grow(32);
    const map = encodeHeaderMap(HEADERS);
    const send = (): number => {
      const args = [...host.put("auth"), ...host.put(map), 0, HOST_LIMITS.callBodyBytes, 0, 0, 250, CALL_ID_AT];
      return host.call("proxy_http_call", args, host.vm.root);
    };
    const fitting = Math.floor(HOST_LIMITS.pendingCallBytes / (HOST_LIMITS.callBodyBytes + map.length));
    for (let n = 0; n < fitting; n++) expect(send()).toBe(Status.OK);
    expect(send()).toBe(Status.INTERNAL_FAILURE);
  });

  it("are limited by the bytes of their headers", () => {
    const host = new HostHarness();
    host.memory.grow(32);
    const large = encodeHeaderMap([...HEADERS, ["x-large", "v".repeat(HOST_LIMITS.headerMapBytes / 2)]]);
    const args = [...host.put("auth"), ...host.put(large), 0, 0, 0, 0, 250, CALL_ID_AT];
    const fitting = Math.floor(HOST_LIMITS.pendingCallBytes / large.length);
    const answers = Array.from({ length: fitting + 1 }, () => host.call("proxy_http_call", args, host.vm.root));
    expect(answers.indexOf(Status.INTERNAL_FAILURE)).toBe(fitting);
  });
});
