import { describe, expect, it } from "vitest";
import { encodeHeaderMap, type HeaderList, HOST_LIMITS } from "../index.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { MapType, Status } from "./puppet/numbers.ts";
import { bytes, REQUEST, startPuppet } from "./puppet/start-puppet.ts";

const RESPONSE: HeaderList = [
  [":status", "200"],
  ["set-cookie", "a=1"],
  ["set-cookie", "b=2"],
];
const { REQUEST_HEADERS, REQUEST_TRAILERS, RESPONSE_HEADERS, RESPONSE_TRAILERS } = MapType;

/** Rule 14: header maps. */
describe.each(ABI_VERSIONS)("header maps of a filter of ABI %s", (abi) => {
  /** Runs `script` inside on_request_headers; returns the outcome. */
  function inHeaders(script: (guest: Guest) => Scripted<void>, headers: HeaderList = REQUEST.headers) {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* script(guest);
      },
    });
    return decide({ headers });
  }

  it.each([
    [":path", "/orders?id=1"],
    ["cookie", "a=1"],
    ["Cookie", "a=1"],
    ["COOKIE", "a=1"],
    [":authority", "api.example.com"],
    ["host", "api.example.com"],
    ["Host", "api.example.com"],
  ])("return the value of %s, in any case", (name, value) => {
    inHeaders(function* (guest) {
      expect(yield* guest.header(REQUEST_HEADERS, name)).toMatchObject({ status: Status.OK, text: value });
    });
  });

  it("show every value of a repeated header, so none passes unseen", () => {
    inHeaders(
      function* (guest) {
        expect((yield* guest.header(REQUEST_HEADERS, "x-role")).text).toBe("user, admin");
        expect((yield* guest.pairs(REQUEST_HEADERS))?.slice(-2)).toEqual([
          ["x-role", "user"],
          ["x-role", "admin"],
        ]);
      },
      [...REQUEST.headers, ["x-role", "user"], ["x-role", "admin"]],
    );
  });

  it("return all pairs in order, and their size", () => {
    inHeaders(function* (guest) {
      expect(yield* guest.pairs(REQUEST_HEADERS)).toEqual(REQUEST.headers);
      const size = yield* guest.call("proxy_get_header_map_size", REQUEST_HEADERS);
      expect(size).toMatchObject({ status: Status.OK, outs: [encodeHeaderMap(REQUEST.headers).length] });
    });
  });

  it("add, replace and remove, and the request is forwarded with the changes", () => {
    const outcome = inHeaders(
      function* (guest) {
        expect(yield* guest.status("proxy_add_header_map_value", REQUEST_HEADERS, "X-New", "1")).toBe(Status.OK);
        expect(yield* guest.status("proxy_add_header_map_value", REQUEST_HEADERS, "x-new", "2")).toBe(Status.OK);
        expect(yield* guest.status("proxy_replace_header_map_value", REQUEST_HEADERS, "x-role", "none")).toBe(
          Status.OK,
        );
        expect(yield* guest.status("proxy_replace_header_map_value", REQUEST_HEADERS, "x-set", "s")).toBe(Status.OK);
        expect(yield* guest.status("proxy_remove_header_map_value", REQUEST_HEADERS, "Cookie")).toBe(Status.OK);
        expect(yield* guest.status("proxy_remove_header_map_value", REQUEST_HEADERS, "x-absent")).toBe(Status.OK);
        expect((yield* guest.header(REQUEST_HEADERS, "x-new")).text).toBe("1, 2");
      },
      [...REQUEST.headers, ["x-role", "user"], ["x-role", "admin"]],
    );
    expect(outcome).toMatchObject({
      kind: "continue",
      changes: [
        { name: "x-new", values: ["1", "2"] },
        { name: "x-role", values: ["none"] },
        { name: "x-set", values: ["s"] },
        { name: "cookie", values: [] },
      ],
    });
  });

  it("rewrite the request through its pseudo headers", () => {
    const outcome = inHeaders(function* (guest) {
      for (const [name, value] of [
        [":path", "/v2"],
        [":method", "PUT"],
        ["host", "other.example.com"],
      ] as const) {
        expect(yield* guest.status("proxy_replace_header_map_value", REQUEST_HEADERS, name, value)).toBe(Status.OK);
      }
      expect((yield* guest.property("request.path")).text).toBe("/v2");
    });
    expect(outcome).toMatchObject({
      changes: [
        { name: ":path", values: ["/v2"] },
        { name: ":method", values: ["PUT"] },
        { name: ":authority", values: ["other.example.com"] },
      ],
    });
  });

  it("are replaced as a whole; an empty map is zero bytes or one NUL", () => {
    const next: HeaderList = [
      [":method", "GET"],
      [":path", "/"],
      [":authority", "a"],
      ["X-Only", "1"],
    ];
    inHeaders(function* (guest) {
      expect(yield* guest.status("proxy_set_header_map_pairs", REQUEST_HEADERS, next)).toBe(Status.OK);
      expect((yield* guest.pairs(REQUEST_HEADERS))?.at(-1)).toEqual(["x-only", "1"]);
      expect(yield* guest.status("proxy_set_header_map_pairs", REQUEST_HEADERS, Uint8Array.of(0))).toBe(Status.OK);
      expect(yield* guest.ask("proxy_get_header_map_pairs", REQUEST_HEADERS)).toMatchObject({
        status: Status.OK,
        outs: [0, 0],
      });
      expect(yield* guest.status("proxy_set_header_map_pairs", REQUEST_HEADERS, "")).toBe(Status.OK);
    });
  });

  it.each<[string, Uint8Array]>([
    ["cut short", encodeHeaderMap([["a", "b"]]).slice(0, -1)],
    ["followed by something", Uint8Array.of(...encodeHeaderMap([["a", "b"]]), 0)],
    ["of four billion pairs", Uint8Array.of(255, 255, 255, 255)],
    ["of lengths beyond its end", Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)],
    ["text", bytes("x-a: b")],
  ])("reject a serialized map that is %s, and do not change", (_what, malformed) => {
    const outcome = inHeaders(function* (guest) {
      expect([Status.BAD_ARGUMENT, Status.PARSE_FAILURE]).toContain(
        yield* guest.status("proxy_set_header_map_pairs", REQUEST_HEADERS, malformed),
      );
      expect(yield* guest.pairs(REQUEST_HEADERS)).toEqual(REQUEST.headers);
    });
    expect(outcome).toMatchObject({ kind: "continue", changes: [] });
  });

  it.each([
    ["x-a", "b\r\nx-evil: 1"],
    ["x-a", "b\nc"],
    ["x-a", "b\0c"],
    ["x a", "b"],
    ["x-a\r\nx-evil", "b"],
    ["", "b"],
    [":unknown", "b"],
  ])("fail only the stream for %j: %j, which would break the message", (name, value) => {
    const outcome = inHeaders(function* (guest) {
      for (const write of ["proxy_add_header_map_value", "proxy_replace_header_map_value"] as const) {
        expect(yield* guest.status(write, REQUEST_HEADERS, name, value)).toBe(Status.OK);
      }
      expect(yield* guest.status("proxy_set_header_map_pairs", REQUEST_HEADERS, [[name, value]])).toBe(Status.OK);
    });
    expect(outcome).toMatchObject({ kind: "failed", reason: "invalid_header" });
  });

  it("have a limited number of headers and of bytes", () => {
    inHeaders(function* (guest) {
      let status: number = Status.OK;
      let added = 0;
      while (status === Status.OK && added <= HOST_LIMITS.headersPerMap) {
        status = yield* guest.status("proxy_add_header_map_value", REQUEST_HEADERS, "x-more", "1");
        added += 1;
      }
      expect(status).toBe(Status.BAD_ARGUMENT);
    });
    inHeaders(function* (guest) {
      let status: number = Status.OK;
      for (let round = 0; status === Status.OK && round < 100; round++) {
        status = yield* guest.status("proxy_add_header_map_value", REQUEST_HEADERS, "x-more", "1".repeat(30_000));
      }
      expect(status).toBe(Status.BAD_ARGUMENT);
    });
  });

  it("that do not exist return BAD_ARGUMENT", () => {
    inHeaders(function* (guest) {
      for (const map of [8, 100, -1]) {
        expect((yield* guest.header(map, ":path")).status).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_get_header_map_pairs", map)).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_get_header_map_size", map)).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_set_header_map_pairs", map, "")).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_add_header_map_value", map, "a", "b")).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_replace_header_map_value", map, "a", "b")).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_remove_header_map_value", map, "a")).toBe(Status.BAD_ARGUMENT);
      }
    });
  });

  it("that are not available in this phase have no pairs, and return BAD_ARGUMENT to everything else", () => {
    inHeaders(function* (guest) {
      for (const map of [REQUEST_TRAILERS, RESPONSE_HEADERS, RESPONSE_TRAILERS, 4, 5, 6, 7]) {
        expect(yield* guest.ask("proxy_get_header_map_pairs", map)).toMatchObject({ status: Status.OK, outs: [0, 0] });
        expect((yield* guest.header(map, ":status")).status).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_add_header_map_value", map, "a", "b")).toBe(Status.BAD_ARGUMENT);
      }
    });
  });

  it("of requests are not visible to the root", () => {
    startPuppet(abi, {
      *configure(guest) {
        expect(yield* guest.ask("proxy_get_header_map_pairs", REQUEST_HEADERS)).toMatchObject({ outs: [0, 0] });
        expect((yield* guest.header(REQUEST_HEADERS, ":path")).status).toBe(Status.BAD_ARGUMENT);
      },
    });
  });

  it("of the response are read and changed, including the status", async () => {
    const { open } = startPuppet(abi, {
      *response_headers(guest) {
        expect((yield* guest.header(RESPONSE_HEADERS, ":status")).text).toBe("200");
        expect(yield* guest.pairs(RESPONSE_HEADERS)).toEqual(RESPONSE);
        expect((yield* guest.header(REQUEST_HEADERS, ":path")).text).toBe("/orders?id=1");
        yield* guest.call("proxy_replace_header_map_value", RESPONSE_HEADERS, ":status", "404");
        yield* guest.call("proxy_add_header_map_value", RESPONSE_HEADERS, "set-cookie", "c=3");
        yield* guest.call("proxy_remove_header_map_value", RESPONSE_HEADERS, "x-absent");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    const outcome = await stream.responseHeaders(RESPONSE, true);
    expect(outcome).toMatchObject({ kind: "continue" });
    if (outcome.kind !== "continue") return;
    expect(outcome.changes).toContainEqual({ name: ":status", values: ["404"] });
    expect(outcome.changes).toContainEqual({ name: "set-cookie", values: ["a=1", "b=2", "c=3"] });
  });

  it("of trailers, both ways, are read and changed", async () => {
    const { open } = startPuppet(abi, {
      *request_trailers(guest) {
        expect((yield* guest.header(REQUEST_TRAILERS, "x-sum")).text).toBe("1");
        yield* guest.call("proxy_replace_header_map_value", REQUEST_TRAILERS, "x-sum", "2");
      },
      *response_trailers(guest) {
        expect(yield* guest.pairs(RESPONSE_TRAILERS)).toEqual([["x-sum", "3"]]);
        yield* guest.call("proxy_remove_header_map_value", RESPONSE_TRAILERS, "x-sum");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    const request = await stream.requestTrailers([["x-sum", "1"]]);
    expect(request).toMatchObject({ kind: "continue", changes: [{ name: "x-sum", values: ["2"] }] });
    await stream.responseHeaders(RESPONSE, false);
    const response = await stream.responseTrailers([["x-sum", "3"]]);
    expect(response).toMatchObject({ kind: "continue", changes: [{ name: "x-sum", values: [] }] });
  });

  it("that were forwarded can be read but no longer written", async () => {
    const { open } = startPuppet(abi, {
      *request_body(guest) {
        expect((yield* guest.header(REQUEST_HEADERS, ":path")).text).toBe("/orders?id=1");
        expect(yield* guest.status("proxy_add_header_map_value", REQUEST_HEADERS, "x-late", "1")).toBe(
          Status.BAD_ARGUMENT,
        );
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.requestBody(bytes("x"), true);
  });
});
