import { describe, expect, it } from "vitest";
import { decodeHeaderMap, type HeaderList, HOST_LIMITS } from "../index.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { MapType, Status } from "./puppet/numbers.ts";
import { bytes, FIRST_STREAM, REQUEST, startPuppet } from "./puppet/start-puppet.ts";

const HEADERS: HeaderList = [
  ...REQUEST.headers,
  ["user-agent", "curl"],
  ["referer", "https://example.com/"],
  ["x-request-id", "r-1"],
  ["content-length", "12"],
];
const ATTRIBUTES = {
  "xds.route_name": "rule-0",
  "source.address": "192.0.2.1:443",
  "source.port": 443,
  "connection.mtls": true,
  ratio: 0.5,
  raw: Uint8Array.of(1, 2),
};

function* integer(guest: Guest, path: string): Scripted<bigint | undefined> {
  const { bytes: value, status } = yield* guest.property(path);
  if (status !== Status.OK || value.length !== 8) return undefined;
  return new DataView(value.buffer).getBigInt64(0, true);
}

/** Properties: Envoy's attributes by path, and those set by the filter. */
describe.each(ABI_VERSIONS)("properties of a filter of ABI %s", (abi) => {
  const inHeaders = (script: (guest: Guest) => Scripted<void>) =>
    startPuppet(abi, {
      *request_headers(guest) {
        yield* script(guest);
      },
    }).decide({ headers: HEADERS, attributes: ATTRIBUTES });

  it.each([
    ["request.method", "POST"],
    ["request.path", "/orders?id=1"],
    ["request.url_path", "/orders"],
    ["request.query", "id=1"],
    ["request.host", "api.example.com"],
    ["request.scheme", "https"],
    ["request.useragent", "curl"],
    ["request.referer", "https://example.com/"],
    ["request.id", "r-1"],
    ["request.headers.cookie", "a=1"],
    ["request.headers.Cookie", "a=1"],
    ["xds.route_name", "rule-0"],
    ["route_name", "rule-0"],
    ["source.address", "192.0.2.1:443"],
    ["plugin_name", "plugin"],
    ["plugin_root_id", "root"],
    ["plugin_vm_id", "vm"],
  ])("%s is the text %j", (path, text) => {
    inHeaders(function* (guest) {
      expect(yield* guest.property(path)).toMatchObject({ status: Status.OK, text });
    });
  });

  it("are 8 bytes for numbers, 1 for booleans, serialized for maps, and unchanged otherwise", () => {
    inHeaders(function* (guest) {
      expect(yield* integer(guest, "source.port")).toBe(443n);
      expect(yield* integer(guest, "request.size")).toBe(12n);
      expect(yield* integer(guest, "request.time")).toBe(1_760_000_000_000_000_000n);
      expect(yield* integer(guest, "plugin_vm_memory")).toBeGreaterThan(0n);
      expect((yield* guest.property("connection.mtls")).bytes).toEqual(Uint8Array.of(1));
      expect((yield* guest.property("raw")).bytes).toEqual(Uint8Array.of(1, 2));
      const ratio = (yield* guest.property("ratio")).bytes;
      expect(new DataView(ratio.buffer).getFloat64(0, true)).toBe(0.5);
      expect(decodeHeaderMap((yield* guest.property("request.headers")).bytes)).toEqual(HEADERS);
    });
  });

  it.each(["", "absent", "request.absent", "request.headers.absent", "__proto__", "constructor", "response.code"])(
    "%j is NOT_FOUND",
    (path) => {
      inHeaders(function* (guest) {
        expect((yield* guest.property(path)).status).toBe(Status.NOT_FOUND);
      });
    },
  );

  it("may have a path that ends with NUL", () => {
    inHeaders(function* (guest) {
      expect((yield* guest.ask("proxy_get_property", "request\0method\0")).text).toBe("POST");
    });
  });

  it("of a request are not visible to the root", () => {
    startPuppet(abi, {
      *configure(guest) {
        expect((yield* guest.property("request.method")).status).toBe(Status.NOT_FOUND);
      },
    });
  });

  it("of the response exist from its headers on", async () => {
    const { open } = startPuppet(abi, {
      *response_headers(guest) {
        expect(yield* integer(guest, "response.code")).toBe(201n);
        expect((yield* guest.property("response.headers.content-type")).text).toBe("text/plain");
      },
      *log(guest) {
        expect(yield* integer(guest, "response.code")).toBe(201n);
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(
      [
        [":status", "201"],
        ["content-type", "text/plain"],
      ],
      false,
    );
    await stream.responseBody(bytes("x"), true);
    stream.end();
  });

  it("reflect the filter's changes", () => {
    inHeaders(function* (guest) {
      yield* guest.call("proxy_replace_header_map_value", MapType.REQUEST_HEADERS, ":path", "/other?x");
      expect((yield* guest.property("request.url_path")).text).toBe("/other");
    });
  });

  it("set by the filter can be read in every later callback of their stream, and of no other", async () => {
    const seen: number[] = [];
    const { open } = startPuppet(abi, {
      *request_headers(guest, id) {
        if (id === FIRST_STREAM) {
          expect(yield* guest.status("proxy_set_property", "my\0state", "seen")).toBe(Status.OK);
        }
      },
      *log(guest) {
        seen.push((yield* guest.property("my.state")).status);
      },
    });
    for (let index = 0; index < 2; index++) {
      const stream = open();
      await stream.requestHeaders();
      stream.end();
    }
    expect(seen).toEqual([Status.OK, Status.NOT_FOUND]);
  });

  it("set by the filter do not hide the host's own", () => {
    inHeaders(function* (guest) {
      yield* guest.call("proxy_set_property", "request\0method", "GET");
      expect((yield* guest.property("request.method")).text).toBe("POST");
    });
  });

  it("set by the filter are limited", () => {
    inHeaders(function* (guest) {
      let status: number = Status.OK;
      for (let index = 0; status === Status.OK && index <= HOST_LIMITS.propertiesPerContext; index++) {
        status = yield* guest.status("proxy_set_property", `p${index}`, "");
      }
      expect(status).toBe(Status.BAD_ARGUMENT);
      const address = yield* guest.filled(HOST_LIMITS.propertyBytesPerContext + 1, 0x61);
      const path = yield* guest.place("big");
      const size = HOST_LIMITS.propertyBytesPerContext + 1;
      const big = yield* guest.raw("proxy_set_property", path.address, path.size, address, size);
      expect(big.status).toBe(Status.BAD_ARGUMENT);
    });
  });
});
