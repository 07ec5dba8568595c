import { describe, expect, it } from "vitest";
import { type HeaderList, HOST_LIMITS, type OutboundFailure } from "../index.ts";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Scripts } from "./puppet/director.ts";
import { Action, BufferType, MapType, Status } from "./puppet/numbers.ts";
import { UNTOUCHED } from "./puppet/protocol.ts";
import { bytes, FIRST_STREAM, ROOT, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const HEADERS: HeaderList = [
  [":method", "POST"],
  [":path", "/check"],
  [":authority", "auth.example.com"],
  ["X-Name", "value"],
];
const without = (name: string): HeaderList => HEADERS.filter(([other]) => other !== name);
const { CALL_RESPONSE_HEADERS, CALL_RESPONSE_TRAILERS, REQUEST_HEADERS } = MapType;

/** Rule 15: proxy_http_call and its reply. */
describe.each(ABI_VERSIONS)("an http call of a filter of ABI %s", (abi) => {
  it("is made as requested by the filter, with its id written before", () => {
    const { director, instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        const answer = yield* guest.call("proxy_http_call", "auth", HEADERS, "body", [["x-trailer", "t"]], 1_500);
        expect(answer.status).toBe(Status.OK);
        expect(answer.outs[0]).not.toBe(UNTOUCHED);
        expect(answer.outs[0]).toBeGreaterThan(0);
        return Action.PAUSE;
      },
    });
    decide();
    expect(director.calls).toHaveLength(1);
    expect(director.calls[0]).toMatchObject({
      cluster: "auth",
      timeoutMs: 1_500,
      body: bytes("body"),
      trailers: [["x-trailer", "t"]],
      headers: [
        [":method", "POST"],
        [":path", "/check"],
        [":authority", "auth.example.com"],
        ["x-name", "value"],
      ],
    });
    expect([instance.pendingCalls, instance.outboundCalls]).toEqual([1, 1]);
  });

  it("without a timeout has timeout 0", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.status("proxy_http_call", "auth", HEADERS, "", "", 0)).toBe(Status.OK);
      },
    });
    decide();
    expect(director.calls[0]?.timeoutMs).toBe(0);
  });

  it.each<[string, string, HeaderList | Uint8Array, HeaderList | Uint8Array, number]>([
    ["an unknown upstream", "elsewhere", HEADERS, [], 100],
    ["no upstream", "", HEADERS, [], 100],
    ["no :method", "auth", without(":method"), [], 100],
    ["no :path", "auth", without(":path"), [], 100],
    ["no :authority", "auth", without(":authority"), [], 100],
    ["no headers", "auth", [], [], 100],
    ["malformed headers", "auth", bytes("garbage"), [], 100],
    ["malformed trailers", "auth", HEADERS, bytes("garbage"), 100],
    ["a negative timeout", "auth", HEADERS, [], -1],
    ["a line end in a header", "auth", [...HEADERS, ["x-a", "b\r\nc: d"]], [], 100],
  ])("with %s is BAD_ARGUMENT and not made", (_what, cluster, headers, trailers, timeoutMs) => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        const status = yield* guest.status("proxy_http_call", cluster, headers, "", trailers, timeoutMs);
        expect(status).toBe(Status.BAD_ARGUMENT);
      },
    });
    decide();
    expect(instance.outboundCalls).toBe(0);
  });

  it("gets its reply on the root, readable in that callback only", async () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
        return Action.PAUSE;
      },
      *http_call_response(guest, _root, _id, count, size, trailers) {
        expect([count, size, trailers]).toEqual([2, 10, 1]);
        expect((yield* guest.header(CALL_RESPONSE_HEADERS, ":status")).text).toBe("200");
        expect((yield* guest.header(CALL_RESPONSE_HEADERS, "X-User")).text).toBe("ada");
        expect((yield* guest.header(CALL_RESPONSE_TRAILERS, "x-trailer")).text).toBe("t");
        expect((yield* guest.buffer(BufferType.CALL_RESPONSE_BODY)).text).toBe("reply body");
        expect(yield* guest.call("proxy_get_status")).toMatchObject({ status: Status.OK, outs: [0, 0, 0] });
        for (const map of [CALL_RESPONSE_HEADERS, CALL_RESPONSE_TRAILERS]) {
          expect(yield* guest.status("proxy_add_header_map_value", map, "a", "b")).toBe(Status.BAD_ARGUMENT);
        }
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        expect((yield* guest.header(REQUEST_HEADERS, ":method")).text).toBe("POST");
        expect((yield* guest.buffer(BufferType.CALL_RESPONSE_BODY)).text).toBe("reply body");
        yield* guest.respond(200);
      },
      *log(guest) {
        expect((yield* guest.header(CALL_RESPONSE_HEADERS, ":status")).status).toBe(Status.BAD_ARGUMENT);
        expect((yield* guest.buffer(BufferType.CALL_RESPONSE_BODY)).status).not.toBe(Status.OK);
      },
    });
    const waiting = decide();
    await director.calls[0]?.answer({
      ok: true,
      headers: [
        [":status", "200"],
        ["x-user", "ada"],
      ],
      body: bytes("reply body"),
      trailers: [["x-trailer", "t"]],
    });
    expect(await stateOf(waiting)).toMatchObject({ kind: "respond", status: 200 });
    expect(director.events).toContain(`http_call_response(${ROOT}, 1, 2, 10, 1)`);
  });

  it.each<OutboundFailure>(["reset", "timeout", "overflow", "rejected"])(
    "that failed (%s) is a reply without headers and with the reason as status",
    async (reason) => {
      const { director, decide } = startPuppet(abi, {
        *request_headers(guest) {
          yield* guest.httpCall();
          return Action.PAUSE;
        },
        *http_call_response(guest) {
          const status = yield* guest.call("proxy_get_status");
          expect(status.outs[0]).toBe(11);
          expect(new TextDecoder().decode(yield* guest.read(status.outs[1] ?? 0, status.outs[2] ?? 0))).toBe(reason);
          expect(yield* guest.ask("proxy_get_header_map_pairs", CALL_RESPONSE_HEADERS)).toMatchObject({ outs: [0, 0] });
          expect((yield* guest.buffer(BufferType.CALL_RESPONSE_BODY)).size).toBe(0);
        },
      });
      decide();
      await director.calls[0]?.answer({ ok: false, reason });
      expect(director.events.at(-1)).toBe(`http_call_response(${ROOT}, 1, 0, 0, 0)`);
    },
  );

  it("may run beside others; replies come in any order, each with its id", async () => {
    const ids: number[] = [];
    const { director, instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (const path of ["/a", "/b", "/c"]) ids.push(yield* guest.httpCall(path));
        return Action.PAUSE;
      },
    });
    decide();
    expect(new Set(ids).size).toBe(3);
    director.clear();
    for (const index of [2, 0, 1]) await director.calls[index]?.answer(OK_REPLY);
    expect(director.events).toEqual([2, 0, 1].map((index) => `http_call_response(1, ${ids[index]}, 2, 10, 0)`));
    expect(instance.pendingCalls).toBe(0);
  });

  it("that is answered at once gets its reply after the callback has returned", async () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
        void director.calls[0]?.answer(OK_REPLY);
        yield* guest.log("the callback returns");
        return Action.PAUSE;
      },
      *http_call_response(guest) {
        yield* guest.log("the reply is there");
      },
    });
    await stateOf(decide());
    expect(director.lines).toEqual(["the callback returns", "the reply is there"]);
  });

  it("may be made from a reply, from a tick and from every callback of a stream", async () => {
    const call: Scripts["tick"] = function* (guest) {
      expect(yield* guest.httpCall()).toBeGreaterThan(0);
    };
    const { director, instance, open } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      tick: call,
      request_body: call,
      response_headers: call,
      response_body: call,
      done: call,
      log: call,
      *http_call_response(guest, _root, id) {
        if (id === 1) yield* guest.httpCall();
      },
    });
    instance.tick();
    const stream = open();
    await stream.requestHeaders();
    await stream.requestBody(bytes("x"), true);
    await stream.responseHeaders([[":status", "200"]], false);
    await stream.responseBody(bytes("x"), true);
    stream.end();
    await director.calls[0]?.answer(OK_REPLY);
    expect(instance.outboundCalls).toBe(7);
    expect(stream.calls).toBe(5);
  });

  it("whose stream is gone still gets its reply; the guest's later requests for the stream are ignored", async () => {
    const { director, instance, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
        return Action.PAUSE;
      },
      *http_call_response(guest) {
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        expect(yield* guest.resume("request")).toBe(Status.OK);
        yield* guest.respond(403);
      },
    });
    const stream = open();
    const waiting = stream.requestHeaders();
    stream.end();
    expect(await waiting).toMatchObject({ kind: "failed", reason: "aborted" });
    director.clear();
    await director.calls[0]?.answer(OK_REPLY);
    expect(director.events).toEqual([`http_call_response(${ROOT}, 1, 2, 10, 0)`]);
    expect(instance.failure).toBeUndefined();
  });

  it("beyond one request's limit of pending calls is INTERNAL_FAILURE", () => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (let made = 0; made < HOST_LIMITS.pendingCallsPerStream; made++) yield* guest.httpCall();
        expect(yield* guest.status("proxy_http_call", "auth", HEADERS, "", "", 0)).toBe(Status.INTERNAL_FAILURE);
        return Action.PAUSE;
      },
    });
    decide();
    expect(instance.outboundCalls).toBe(HOST_LIMITS.pendingCallsPerStream);
  });

  it("returns 0 from proxy_get_status if there is no reply", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.call("proxy_get_status")).toMatchObject({ status: Status.OK, outs: [0, 0, 0] });
      },
    });
    decide();
  });
});
