import { describe, expect, it } from "vitest";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { returning, type Script } from "./puppet/director.ts";
import { Action, MapType, Status, StreamType } from "./puppet/numbers.ts";
import { bytes, FIRST_STREAM, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [[":status", "200"]];

/** Rules 9 (nothing happens before the guest returns) and 10 (proxy_send_local_response). */
describe.each(ABI_VERSIONS)("a local response of a filter of ABI %s", (abi) => {
  it("refuses the request although the callback returns continue; names are in lower case", async () => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        const status = yield* guest.respond(403, "denied", "no", [
          ["Content-Type", "text/plain"],
          ["X-Why", "rule"],
        ]);
        expect(status).toBe(Status.OK);
        return Action.CONTINUE;
      },
    });
    expect(await open().requestHeaders()).toMatchObject({
      kind: "respond",
      status: 403,
      details: "denied",
      body: bytes("no"),
      headers: [
        ["content-type", "text/plain"],
        ["x-why", "rule"],
      ],
    });
  });

  it("ends the request's callbacks, but not the log", async () => {
    const { director, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.respond(403);
      },
    });
    const stream = open();
    await stream.requestHeaders();
    expect((await stateOf(stream.requestBody(bytes("late"), true))) === "waiting").toBe(false);
    stream.end();
    expect(director.events.filter((event) => event.startsWith("request_body"))).toEqual([]);
    expect(director.events.slice(-3)).toEqual(["done(2)", "log(2)", "delete(2)"]);
  });

  it("is sent when the guest has returned: the rest of the callback still takes effect", async () => {
    const { director, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.respond(403);
        yield* guest.log("still here");
        expect((yield* guest.header(0, ":path")).text).toBe("/orders?id=1");
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ kind: "respond", status: 403 });
    expect(director.lines).toEqual(["still here"]);
  });

  it("counts only the first time", async () => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.respond(403, "first");
        yield* guest.respond(200, "second");
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ status: 403, details: "first" });
  });

  it("overrides a continue in the same callback, before or after it", async () => {
    const { open } = startPuppet(abi, {
      *request_headers(guest, id) {
        if (id === FIRST_STREAM) {
          yield* guest.resume("request");
          yield* guest.respond(403);
        } else {
          yield* guest.respond(403);
          yield* guest.resume("request");
        }
        return Action.PAUSE;
      },
    });
    expect(await stateOf(open().requestHeaders())).toMatchObject({ kind: "respond", status: 403 });
    expect(await stateOf(open().requestHeaders())).toMatchObject({ kind: "respond", status: 403 });
  });

  it.each([0, -1, 99, 1_000, 65_536])("with status %i fails only the stream", async (code) => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.respond(code)).toBe(Status.OK);
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ kind: "failed", reason: "invalid_local_response" });
  });

  it.each<[string, Uint8Array | [string, string][]]>([
    ["a malformed map", bytes("garbage that is no map")],
    ["a line end in a value", [["x-a", "b\r\nset-cookie: c"]]],
    ["a space in a name", [["x a", "b"]]],
  ])("with %s in its headers fails only the stream", async (_what, headers) => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        const status = yield* guest.status("proxy_send_local_response", 403, "", "", headers, -1);
        expect(status).toBe(Status.OK);
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ kind: "failed", reason: "invalid_local_response" });
  });

  it.each([-1, 0, 16, 17, -2, 99_999])("is sent with any gRPC status (%i)", async (grpcStatus) => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        const status = yield* guest.status("proxy_send_local_response", 403, "", "", [], grpcStatus);
        expect(status).toBe(Status.OK);
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ kind: "respond", status: 403 });
  });

  it.each(["request_body", "request_trailers"] as const)("may be sent from %s", async (callback) => {
    const respond: Script = (guest) => guest.respond(403, callback);
    const { open } = startPuppet(abi, { [callback]: respond });
    const stream = open();
    await stream.requestHeaders();
    const outcome =
      callback === "request_body"
        ? stream.requestBody(bytes("x"), false)
        : stream.requestTrailers([["x-trailer", "1"]]);
    expect(await stateOf(outcome)).toMatchObject({ kind: "respond", status: 403, details: callback });
  });

  it("from on_response_headers replaces the upstream's response", async () => {
    const { open } = startPuppet(abi, {
      *response_headers(guest) {
        yield* guest.respond(502, "bad upstream", "sorry");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    expect(await stream.responseHeaders(STATUS_200, false)).toMatchObject({
      kind: "respond",
      status: 502,
      body: bytes("sorry"),
    });
  });

  it("passes the filter's own response callbacks if the embedder sends it through them, as Envoy does", async () => {
    const { director, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.respond(403);
      },
      *response_headers(guest) {
        expect((yield* guest.header(MapType.RESPONSE_HEADERS, ":status")).text).toBe("403");
        yield* guest.call("proxy_add_header_map_value", MapType.RESPONSE_HEADERS, "x-seen", "yes");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    expect(await stateOf(stream.responseHeaders([[":status", "403"]], true))).toMatchObject({
      kind: "continue",
      changes: [{ name: "x-seen", values: ["yes"] }],
    });
    stream.end();
    expect(director.events.slice(-3)).toEqual(["done(2)", "log(2)", "delete(2)"]);
  });

  it("from the end of a stream has no effect", async () => {
    const { instance, open } = startPuppet(abi, {
      *log(guest) {
        expect(yield* guest.respond(403)).toBe(Status.OK);
      },
    });
    const stream = open();
    expect(await stream.requestHeaders()).toMatchObject({ kind: "continue" });
    stream.end();
    expect(instance.failure).toBeUndefined();
  });

  it("has no effect when the response's headers are already forwarded", async () => {
    const { open } = startPuppet(abi, {
      *response_body(guest) {
        yield* guest.respond(502);
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, false);
    expect(await stream.responseBody(bytes("as it is"), true)).toMatchObject({
      kind: "continue",
      body: bytes("as it is"),
    });
  });

  it("answers a paused request from another callback with its context", async () => {
    const { instance, open } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      request_headers: returning(Action.PAUSE),
      *tick(guest) {
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        yield* guest.respond(429);
      },
    });
    const waiting = open().requestHeaders();
    expect(await stateOf(waiting)).toBe("waiting");
    instance.tick();
    expect(await stateOf(waiting)).toMatchObject({ kind: "respond", status: 429, paused: true });
  });

  it("from the root, for no stream, has no effect", () => {
    const { instance, decide } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.respond(403);
      },
    });
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(instance.failure).toBeUndefined();
  });
});

/** Rule 9: the other requests that take effect after the guest has returned. */
describe.each(ABI_VERSIONS.filter((abi) => abi !== "0.1.0"))("proxy_close_stream of ABI %s", (abi) => {
  it.each([StreamType.REQUEST, StreamType.RESPONSE])(
    "(of stream type %i) resets the exchange when the guest has returned",
    async (type) => {
      const { director, open } = startPuppet(abi, {
        *request_headers(guest) {
          expect(yield* guest.status("proxy_close_stream", type)).toBe(Status.OK);
          yield* guest.log("still here");
        },
      });
      expect(await open().requestHeaders()).toMatchObject({ kind: "failed", reason: "stream_closed" });
      expect(director.lines).toEqual(["still here"]);
    },
  );

  it("is not implemented for connections, and returns BAD_ARGUMENT for unknown stream types", async () => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        for (const name of ["proxy_close_stream", "proxy_continue_stream"] as const) {
          expect(yield* guest.status(name, StreamType.DOWNSTREAM)).toBe(Status.UNIMPLEMENTED);
          expect(yield* guest.status(name, StreamType.UPSTREAM)).toBe(Status.UNIMPLEMENTED);
          expect(yield* guest.status(name, 4)).toBe(Status.BAD_ARGUMENT);
          expect(yield* guest.status(name, -1)).toBe(Status.BAD_ARGUMENT);
        }
      },
    });
    expect(await open().requestHeaders()).toMatchObject({ kind: "continue" });
  });
});
