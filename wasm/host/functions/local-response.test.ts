import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import type { Context } from "../contexts.ts";
import { encodeHeaderMap } from "../header-codec.ts";
import type { HeaderList } from "../header-table.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

interface Parts {
  status?: number;
  details?: string | Uint8Array;
  headers?: HeaderList | Uint8Array;
}

function respond(host: HostHarness, parts: Parts = {}, context: Context = host.stream): number {
  const { status = 403, details = "denied", headers = [["X-Reason", "no"]] } = parts;
  const map = headers instanceof Uint8Array ? headers : encodeHeaderMap(headers);
  const args = [status, ...host.put(details), ...host.put("body"), ...host.put(map), -1];
  return host.call("proxy_send_local_response", args, context);
}

describe("a local response", () => {
  it("is recorded for the stream, with names in lower case and without pseudo headers", () => {
    const host = new HostHarness();
    expect(
      respond(host, {
        headers: [
          [":status", "200"],
          ["WWW-Authenticate", "Bearer"],
        ],
      }),
    ).toBe(Status.OK);
    expect(host.stream.localResponse).toEqual({
      status: 403,
      headers: [["www-authenticate", "Bearer"]],
      body: new TextEncoder().encode("body"),
      details: "denied",
    });
  });

  it("is sent once", () => {
    const host = new HostHarness();
    respond(host, { status: 401 });
    expect(respond(host, { status: 200 })).toBe(Status.OK);
    expect(host.stream.localResponse?.status).toBe(401);
  });

  it.each<[string, Parts]>([
    ["status 0", { status: 0 }],
    ["status 101", { status: 101 }],
    ["status 600", { status: 600 }],
    ["status -1", { status: -1 }],
    ["a header value with a line end", { headers: [["x", "a\r\nset-cookie: b"]] }],
    ["a header name with a space", { headers: [["x y", "a"]] }],
    ["a malformed map", { headers: Uint8Array.of(9, 9, 9, 9, 9) }],
  ])("with %s fails its stream, but returns OK: the guest's SDK would panic", (_what, parts) => {
    const host = new HostHarness();
    expect(respond(host, parts)).toBe(Status.OK);
    expect(host.stream.localResponse).toBeUndefined();
    expect(host.stream.refusedResponse).toEqual(expect.any(String));
  });

  it("from outside memory is rejected, and the request refused", () => {
    const host = new HostHarness();
    const args = [403, 0, 0, -1, 10, 0, 0, -1];
    expect(host.call("proxy_send_local_response", args)).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.stream.refusedResponse).toEqual(expect.any(String));
  });

  it("with too large a body is rejected, and too long details are cut", () => {
    const host = new HostHarness();
    host.memory.grow(32);
    const large = [403, 0, 0, 0, HOST_LIMITS.localResponseBodyBytes + 1, 0, 0, -1];
    expect(host.call("proxy_send_local_response", large)).toBe(Status.OK);
    expect(host.stream.refusedResponse).toMatch(/body/);
    expect(respond(host, { details: "d".repeat(HOST_LIMITS.localResponseDetailsBytes + 1) })).toBe(Status.OK);
    expect(host.stream.localResponse?.details).toHaveLength(HOST_LIMITS.localResponseDetailsBytes);
  });

  it("has details of one visible word, whatever client input they contain", () => {
    const host = new HostHarness();
    respond(host, { details: "no token\r\nx-evil: caf\u00e9" });
    expect(host.stream.localResponse?.details).toBe("no_token__x-evil:_caf_");
  });

  it("from the root, or for a decided stream, changes nothing", () => {
    const host = new HostHarness();
    expect(respond(host, {}, host.vm.root)).toBe(Status.OK);
    host.stream.phase = "ending";
    expect(respond(host)).toBe(Status.OK);
    expect(host.stream.localResponse).toBeUndefined();
  });
});
