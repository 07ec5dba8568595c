import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { returning } from "./puppet/director.ts";
import { Action, MapType, Status } from "./puppet/numbers.ts";
import { ALL_STAGES, bytes, FIRST_STREAM, ROOT, settled, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [
  [":status", "200"],
  ["content-type", "text/plain"],
];

/** Rule 8: the callbacks of one exchange, their order and their end. */
describe.each(ABI_VERSIONS)("the callbacks of a filter of ABI %s", (abi) => {
  /** 0.1.0 does not report whether headers are the end. */
  const withEnd = (event: string, endOfStream: boolean): string =>
    abi === "0.1.0" ? `${event})` : `${event}, ${endOfStream ? 1 : 0})`;

  it("come in the reference order, each once, with counts, sizes and end flags", async () => {
    const { director, open } = startPuppet(abi);
    director.clear();
    const stream = open();
    await stream.requestHeaders();
    await stream.requestBody(bytes("hello"), false);
    await stream.requestBody(bytes("abc"), false);
    await stream.requestTrailers([["x-trailer", "1"]]);
    await stream.responseHeaders(STATUS_200, false);
    await stream.responseBody(bytes("hi"), false);
    await stream.responseTrailers([
      ["x-a", "1"],
      ["x-b", "2"],
    ]);
    stream.end();
    expect(director.events).toEqual([
      `context_create(2, ${ROOT})`,
      withEnd("request_headers(2, 5", false),
      "request_body(2, 5, 0)",
      "request_body(2, 3, 0)",
      "request_trailers(2, 1)",
      withEnd("response_headers(2, 2", false),
      "response_body(2, 2, 0)",
      "response_trailers(2, 2)",
      "done(2)",
      "log(2)",
      "delete(2)",
    ]);
  });

  it("report if headers or a part of the body are the last", async () => {
    const { director, open } = startPuppet(abi);
    director.clear();
    const stream = open({ endOfStream: true });
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, false);
    await stream.responseBody(bytes(""), true);
    stream.end();
    expect(director.events.slice(1, 4)).toEqual([
      withEnd("request_headers(2, 5", true),
      withEnd("response_headers(2, 2", false),
      "response_body(2, 0, 1)",
    ]);
  });

  it("of stages that are off are not called, and those parts are forwarded unchanged", async () => {
    const { director, open } = startPuppet(abi);
    director.clear();
    const { requestTrailers, ...off } = { ...ALL_STAGES.stages };
    const stages = { ...off, requestTrailers, requestBody: false, responseHeaders: false, responseBody: false };
    const stream = open({}, { stages: { ...stages, requestTrailers: false, responseTrailers: false } });
    await stream.requestHeaders();
    expect(await stream.requestBody(bytes("hello"), true)).toMatchObject({ kind: "continue", body: bytes("hello") });
    expect(await stream.responseHeaders(STATUS_200, false)).toMatchObject({ kind: "continue", changes: [] });
    expect(await stream.responseBody(bytes("hi"), true)).toMatchObject({ kind: "continue", body: bytes("hi") });
    stream.end();
    expect(director.events).toEqual([
      `context_create(2, ${ROOT})`,
      withEnd("request_headers(2, 5", false),
      "done(2)",
      "log(2)",
      "delete(2)",
    ]);
  });

  it("of the end are called once, however often the end is reported", async () => {
    const { director, open } = startPuppet(abi);
    const stream = open();
    await stream.requestHeaders();
    director.clear();
    stream.end();
    stream.end();
    expect(director.events).toEqual(["done(2)", "log(2)", "delete(2)"]);
  });

  it("of the end wait for proxy_done if on_done returns false, and follow it when the guest has returned", () => {
    const { director, instance, decide } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      done: returning(0),
      *tick(guest) {
        expect(yield* guest.status("proxy_done")).toBe(Status.NOT_FOUND);
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        expect(yield* guest.status("proxy_done")).toBe(Status.OK);
        expect(yield* guest.status("proxy_done")).toBe(Status.NOT_FOUND);
        yield* guest.log("tick returns");
      },
      *log(guest) {
        yield* guest.log("logged");
      },
    });
    decide();
    expect(director.events.at(-1)).toBe("done(2)");
    instance.tick();
    expect(director.events.slice(-3)).toEqual(["tick(1)", "log(2)", "delete(2)"]);
    expect(director.lines).toEqual(["tick returns", "logged"]);
    expect(instance.openStreams).toBe(0);
  });

  it("get NOT_FOUND from proxy_done if the stream is not waiting for it", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.status("proxy_done")).toBe(Status.NOT_FOUND);
      },
      *log(guest) {
        expect(yield* guest.status("proxy_done")).toBe(Status.NOT_FOUND);
      },
    });
    decide();
  });

  it("of the end can still read the exchange", async () => {
    const seen: string[] = [];
    const { open } = startPuppet(abi, {
      *log(guest) {
        seen.push((yield* guest.header(MapType.REQUEST_HEADERS, ":path")).text);
        seen.push((yield* guest.header(MapType.RESPONSE_HEADERS, ":status")).text);
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, true);
    stream.end();
    expect(seen).toEqual(["/orders?id=1", "200"]);
  });

  it("of a stream that is gone are not called, whatever the guest requests for it", async () => {
    const { director, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
      },
    });
    const stream = open();
    await stream.requestHeaders();
    stream.end();
    director.clear();
    await director.calls[0]?.answer(OK_REPLY);
    expect(director.events).toEqual([`http_call_response(${ROOT}, 1, 2, 10, 0)`]);
  });

  it("of the end are called if the client goes before the filter has decided, and the request is refused", async () => {
    const { director, open } = startPuppet(abi, {
      request_headers: returning(Action.PAUSE),
    });
    const stream = open();
    const waiting = stream.requestHeaders();
    director.clear();
    stream.end();
    expect(director.events).toEqual(["done(2)", "log(2)", "delete(2)"]);
    expect(await waiting).toMatchObject({ kind: "failed", reason: "aborted" });
  });

  it("of the end are called if the request's signal reports that the client has gone", async () => {
    const { director, open } = startPuppet(abi, { request_headers: returning(Action.PAUSE) });
    const client = new AbortController();
    const stream = open({ signal: client.signal });
    const waiting = stream.requestHeaders();
    client.abort();
    expect(await stateOf(waiting)).toMatchObject({ kind: "failed", reason: "aborted" });
    stream.end();
    expect(director.events.slice(-3)).toEqual(["done(2)", "log(2)", "delete(2)"]);
  });

  it("of the end are called for every stream and then for the root when the instance is closed", async () => {
    const { director, instance, open } = startPuppet(abi);
    const stream = open();
    await stream.requestHeaders();
    director.clear();
    instance.close();
    expect(director.events).toEqual(["done(2)", "log(2)", "delete(2)", "done(1)", "delete(1)"]);
    stream.end();
    expect(director.events).toHaveLength(5);
  });

  it("of the response may come before the request has ended", async () => {
    const { director, open } = startPuppet(abi);
    director.clear();
    const stream = open();
    await stream.requestHeaders();
    await stream.requestBody(bytes("first"), false);
    await stream.responseHeaders(STATUS_200, false);
    await stream.requestBody(bytes("last"), true);
    await stream.responseBody(bytes("reply"), true);
    stream.end();
    expect(director.events.slice(2)).toEqual([
      "request_body(2, 5, 0)",
      withEnd("response_headers(2, 2", false),
      "request_body(2, 4, 1)",
      "response_body(2, 5, 1)",
      "done(2)",
      "log(2)",
      "delete(2)",
    ]);
  });

  it("of two concurrent exchanges do not mix: each sees its own", async () => {
    const seen: string[] = [];
    const { open } = startPuppet(abi, {
      *response_headers(guest, id) {
        seen.push(`${id} ${(yield* guest.header(MapType.REQUEST_HEADERS, "x-name")).text}`);
      },
    });
    const headers = (name: string): [string, string][] => [
      [":method", "GET"],
      [":path", "/"],
      [":authority", "a"],
      ["x-name", name],
    ];
    const first = open({ headers: headers("first") });
    const second = open({ headers: headers("second") });
    await first.requestHeaders();
    await second.requestHeaders();
    await second.responseHeaders(STATUS_200, true);
    await first.responseHeaders(STATUS_200, true);
    expect(seen).toEqual(["3 second", "2 first"]);
  });

  it("that the ABI does not define for HTTP are never called", async () => {
    const { director, open } = startPuppet(abi);
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, true);
    stream.end();
    await settled();
    const foreign = /^(_start|new_connection|downstream|upstream|grpc|foreign|validate|request_metadata)/;
    expect(director.events.filter((event) => foreign.test(event))).toEqual([]);
  });
});
