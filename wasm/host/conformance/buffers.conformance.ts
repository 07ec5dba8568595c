import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { Action, BufferType, Status } from "./puppet/numbers.ts";
import { bytes, FIRST_STREAM, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [[":status", "200"]];
const MAX = 0xffff_ffff;

/** Rule 13: reading and writing buffers. */
describe.each(ABI_VERSIONS)("buffers of a filter of ABI %s", (abi) => {
  /** Runs `script` inside on_request_body with the body "hello world"; returns the forwarded body. */
  async function inBody(script: (guest: Guest) => Scripted<void>): Promise<string> {
    const { open } = startPuppet(abi, {
      *request_body(guest) {
        yield* script(guest);
      },
    });
    const stream = open();
    await stream.requestHeaders();
    const outcome = await stateOf(stream.requestBody(bytes("hello world"), true));
    if (outcome === "waiting" || outcome.kind !== "continue") throw new Error("the body did not go on");
    return new TextDecoder().decode(outcome.body);
  }

  it.each([
    [0, MAX, "hello world"],
    [0, 11, "hello world"],
    [0, 5, "hello"],
    [6, 5, "world"],
    [6, 100, "world"],
    [6, MAX - 6, "world"],
    [11, 1, ""],
    [100, 1, ""],
    [MAX, 0, ""],
    [0, 0, ""],
  ])("are read from %i, at most %i bytes: %j", async (start, size, text) => {
    await inBody(function* (guest) {
      expect(yield* guest.buffer(BufferType.REQUEST_BODY, start, size)).toMatchObject({
        status: Status.OK,
        text,
        size: text.length,
      });
    });
  });

  it.each([
    [1, MAX],
    [MAX, 1],
    [MAX, MAX],
  ])("return BAD_ARGUMENT if start %i plus size %i exceeds 32 bits", async (start, size) => {
    await inBody(function* (guest) {
      expect((yield* guest.buffer(BufferType.REQUEST_BODY, start, size)).status).toBe(Status.BAD_ARGUMENT);
    });
  });

  it("report their size", async () => {
    await inBody(function* (guest) {
      expect(yield* guest.call("proxy_get_buffer_status", BufferType.REQUEST_BODY)).toMatchObject({
        status: Status.OK,
        outs: [11, 0],
      });
    });
  });

  it.each([
    ["prepended", 0, 0, "X-", "X-hello world"],
    ["appended", MAX, 0, "!", "hello world!"],
    ["appended right at the end", 11, 0, "!", "hello world!"],
    ["replaced", 0, MAX, "new", "new"],
    ["replaced by their exact size", 0, 11, "new", "new"],
    ["replaced by nothing", 0, MAX, "", ""],
  ])("are %s", async (_how, start, size, text, expected) => {
    const body = await inBody(function* (guest) {
      const status = yield* guest.status("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, start, size, text);
      expect(status).toBe(Status.OK);
      expect((yield* guest.buffer(BufferType.REQUEST_BODY)).text).toBe(expected);
    });
    expect(body).toBe(expected);
  });

  it("are replaced in part, as in the specification", async () => {
    const body = await inBody(function* (guest) {
      const status = yield* guest.status("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, 6, 5, "there");
      expect(status).toBe(Status.OK);
    });
    expect(body).toBe("hello there");
  });

  it("keep several changes of one callback", async () => {
    const body = await inBody(function* (guest) {
      yield* guest.call("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, 0, 0, "<");
      yield* guest.call("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, MAX, 0, ">");
      expect((yield* guest.call("proxy_get_buffer_status", BufferType.REQUEST_BODY)).outs[0]).toBe(13);
    });
    expect(body).toBe("<hello world>");
  });

  it("do not change the embedder's chunk", async () => {
    const { open } = startPuppet(abi, {
      *request_body(guest) {
        yield* guest.call("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, 0, MAX, "HELLO WORLD");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    const chunk = bytes("hello world");
    await stateOf(stream.requestBody(chunk, true));
    expect(chunk).toEqual(bytes("hello world"));
  });

  it("of the response are changed like the request's", async () => {
    const { open } = startPuppet(abi, {
      *response_body(guest) {
        expect((yield* guest.buffer(BufferType.RESPONSE_BODY)).text).toBe("secret");
        yield* guest.call("proxy_set_buffer_bytes", BufferType.RESPONSE_BODY, 0, MAX, "******");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, false);
    expect(await stateOf(stream.responseBody(bytes("secret"), true))).toMatchObject({ body: bytes("******") });
  });

  it("of a body grow only up to the limit", async () => {
    const { open } = startPuppet(abi, {
      *request_body(guest) {
        const address = yield* guest.filled(1_024, 0x61);
        for (let round = 0; round < 40; round++) {
          yield* guest.raw("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, MAX, 0, address, 1_024);
        }
      },
    });
    const stream = open({}, { bodyLimitBytes: 16 * 1_024 });
    await stream.requestHeaders();
    const outcome = await stateOf(stream.requestBody(bytes("a"), true));
    if (outcome !== "waiting" && outcome.kind === "continue") {
      expect(outcome.body.length).toBeLessThanOrEqual(16 * 1_024);
    } else {
      expect(outcome).toMatchObject({ kind: "respond", status: 413 });
    }
  });

  it("that are not available in this phase return NOT_FOUND or BAD_ARGUMENT", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        const unavailable = [Status.NOT_FOUND, Status.BAD_ARGUMENT];
        for (const type of [
          BufferType.REQUEST_BODY,
          BufferType.RESPONSE_BODY,
          BufferType.DOWNSTREAM_DATA,
          BufferType.UPSTREAM_DATA,
          BufferType.CALL_RESPONSE_BODY,
          BufferType.GRPC_MESSAGE,
          BufferType.FOREIGN_FUNCTION_ARGUMENTS,
        ]) {
          expect(unavailable).toContain((yield* guest.buffer(type)).status);
          expect(unavailable).toContain(yield* guest.status("proxy_get_buffer_status", type));
          expect(unavailable).toContain(yield* guest.status("proxy_set_buffer_bytes", type, 0, 0, "x"));
        }
      },
    });
    decide();
  });

  it("that do not exist return BAD_ARGUMENT", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (const type of [9, 100, -1]) {
          expect((yield* guest.buffer(type)).status).toBe(Status.BAD_ARGUMENT);
          expect(yield* guest.status("proxy_get_buffer_status", type)).toBe(Status.BAD_ARGUMENT);
          expect(yield* guest.status("proxy_set_buffer_bytes", type, 0, 0, "x")).toBe(Status.BAD_ARGUMENT);
        }
      },
    });
    decide();
  });

  it("of configurations cannot be written", () => {
    startPuppet(abi, {
      *configure(guest) {
        for (const type of [BufferType.VM_CONFIGURATION, BufferType.PLUGIN_CONFIGURATION]) {
          expect(yield* guest.status("proxy_set_buffer_bytes", type, 0, 0, "x")).toBe(Status.BAD_ARGUMENT);
        }
        expect((yield* guest.buffer(BufferType.PLUGIN_CONFIGURATION)).text).toBe("plugin configuration");
      },
    });
  });

  it("of a paused body are read and changed from another callback, until it is forwarded", async () => {
    const { director, open } = startPuppet(abi, {
      *request_body(guest) {
        yield* guest.httpCall();
        return Action.PAUSE;
      },
      *http_call_response(guest) {
        expect((yield* guest.buffer(BufferType.REQUEST_BODY)).status).not.toBe(Status.OK);
        yield* guest.call("proxy_set_effective_context", FIRST_STREAM);
        expect((yield* guest.buffer(BufferType.REQUEST_BODY)).text).toBe("hello world");
        yield* guest.call("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, 0, 5, "HELLO");
        yield* guest.resume("request");
      },
    });
    const stream = open();
    await stream.requestHeaders();
    const waiting = stream.requestBody(bytes("hello world"), true);
    expect(await stateOf(waiting)).toBe("waiting");
    await director.calls[0]?.answer(OK_REPLY);
    expect(await stateOf(waiting)).toMatchObject({ kind: "continue", body: bytes("HELLO world") });
  });

  it("of a body are gone when it was forwarded after its callback", async () => {
    const { open } = startPuppet(abi, {
      *log(guest) {
        expect([Status.NOT_FOUND, Status.BAD_ARGUMENT]).toContain(
          (yield* guest.buffer(BufferType.REQUEST_BODY)).status,
        );
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.requestBody(bytes("gone"), true);
    stream.end();
  });

  it("of a body with 1 MiB are read and replaced whole", async () => {
    const size = 1_024 * 1_024;
    const { open } = startPuppet(abi, {
      *request_body(guest) {
        const read = yield* guest.call("proxy_get_buffer_bytes", BufferType.REQUEST_BODY, 0, MAX);
        expect(read).toMatchObject({ status: Status.OK });
        expect(read.outs[1]).toBe(size);
        const address = yield* guest.filled(size, 0x62);
        yield* guest.raw("proxy_set_buffer_bytes", BufferType.REQUEST_BODY, 0, MAX, address, size);
      },
    });
    const stream = open({}, { bodyLimitBytes: size });
    await stream.requestHeaders();
    const outcome = await stateOf(stream.requestBody(new Uint8Array(size).fill(0x61), true));
    expect(outcome).toMatchObject({ kind: "continue" });
    if (outcome === "waiting" || outcome.kind !== "continue") return;
    expect(outcome.body.length).toBe(size);
    expect(outcome.body.every((byte) => byte === 0x62)).toBe(true);
  });
});
