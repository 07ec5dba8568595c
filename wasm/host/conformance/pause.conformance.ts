import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { returning, type Scripts } from "./puppet/director.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { Action, BufferType, EnvoyDataAction, EnvoyHeadersAction, MapType, Status } from "./puppet/numbers.ts";
import { bytes, FIRST_STREAM, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [[":status", "200"]];

/** Rules 11 (body while headers are paused), 12 (how a paused body is held) and the actions of 1.3. */
describe.each(ABI_VERSIONS)("pausing in a filter of ABI %s", (abi) => {
  function* proceed(guest: Guest, message: "request" | "response"): Scripted<void> {
    yield* guest.call("proxy_set_effective_context", FIRST_STREAM);
    expect(yield* guest.resume(message)).toBe(Status.OK);
  }

  /** A filter that continues a message at each tick. */
  const atTicks = (direction: "request" | "response", scripts: Scripts): Scripts => ({
    *configure(guest) {
      yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
    },
    *tick(guest) {
      yield* proceed(guest, direction);
    },
    ...scripts,
  });

  const pause = returning(Action.PAUSE);

  it("holds the request until it is continued, and reports that it was paused", async () => {
    const { director, open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
        return Action.PAUSE;
      },
      *http_call_response(guest) {
        yield* proceed(guest, "request");
        yield* guest.call("proxy_add_header_map_value", MapType.REQUEST_HEADERS, "x-user", "ada");
      },
    });
    const waiting = open().requestHeaders();
    expect(await stateOf(waiting)).toBe("waiting");
    await director.calls[0]?.answer(OK_REPLY);
    expect(await stateOf(waiting)).toMatchObject({
      kind: "continue",
      paused: true,
      changes: [{ name: "x-user", values: ["ada"] }],
    });
  });

  it.each([1, 2, 3, 4, 5, 255, -1])("happens at action %i of request headers", async (action) => {
    const { open, instance } = startPuppet(
      abi,
      atTicks("request", {
        request_headers: returning(action),
      }),
    );
    const waiting = open().requestHeaders();
    expect(await stateOf(waiting)).toBe("waiting");
    instance.tick();
    expect(await stateOf(waiting)).toMatchObject({ kind: "continue" });
  });

  it("that is continued in the same callback is not a pause", async () => {
    const { open } = startPuppet(abi, {
      *request_headers(guest) {
        yield* proceed(guest, "request");
        return Action.PAUSE;
      },
    });
    expect(await stateOf(open().requestHeaders())).toMatchObject({ kind: "continue" });
  });

  it("of request headers withholds the body until they continue; then the filter sees all of it", async () => {
    const { director, instance, open } = startPuppet(abi, atTicks("request", { request_headers: pause }));
    const stream = open();
    const headers = stream.requestHeaders();
    const first = stream.requestBody(bytes("hello "), false);
    const last = stream.requestBody(bytes("world"), true);
    await stateOf(last);
    expect(director.events.filter((event) => event.startsWith("request_body"))).toEqual([]);
    instance.tick();
    expect(await stateOf(headers)).toMatchObject({ kind: "continue" });
    expect(await stateOf(first)).toMatchObject({ kind: "buffer" });
    expect(await stateOf(last)).toMatchObject({ kind: "continue", body: bytes("hello world") });
    expect(director.events.filter((event) => event.startsWith("request_body"))).toEqual(["request_body(2, 11, 1)"]);
  });

  it("of request headers shows the body at once if the service is configured so", async () => {
    const seen: string[] = [];
    const { director, open } = startPuppet(abi, {
      request_headers: pause,
      *request_body(guest, _id, _size, endOfStream) {
        seen.push((yield* guest.buffer(BufferType.REQUEST_BODY)).text);
        if (endOfStream === 0) return EnvoyDataAction.STOP_ITERATION_AND_BUFFER;
        yield* guest.call("proxy_replace_header_map_value", MapType.REQUEST_HEADERS, "x-seen", "yes");
        return Action.CONTINUE;
      },
    });
    const stream = open({}, { bodyWhileHeadersPaused: true });
    const headers = stream.requestHeaders();
    expect(await stateOf(headers)).toBe("waiting");
    expect(await stateOf(stream.requestBody(bytes("hello "), false))).toMatchObject({ kind: "buffer" });
    const last = await stateOf(stream.requestBody(bytes("world"), true));
    expect(seen).toEqual(["hello ", "hello world"]);
    expect(last).toMatchObject({ kind: "continue", body: bytes("hello world") });
    expect(director.events.filter((event) => event.startsWith("request_body"))).toEqual([
      "request_body(2, 6, 0)",
      "request_body(2, 11, 1)",
    ]);
  });

  it.each([EnvoyHeadersAction.STOP_ALL_ITERATION_AND_BUFFER, EnvoyHeadersAction.STOP_ALL_ITERATION_AND_WATERMARK])(
    "of request headers by StopAll (%i) withholds the body even then",
    async (action) => {
      const { director, instance, open } = startPuppet(
        abi,
        atTicks("request", {
          request_headers: returning(action),
        }),
      );
      const stream = open({}, { bodyWhileHeadersPaused: true });
      stream.requestHeaders();
      const last = stream.requestBody(bytes("hello"), true);
      await stateOf(last);
      expect(director.events.filter((event) => event.startsWith("request_body"))).toEqual([]);
      instance.tick();
      expect(await stateOf(last)).toMatchObject({ kind: "continue", body: bytes("hello") });
    },
  );

  for (const direction of ["request", "response"] as const) {
    const callback = `${direction}_body` as const;
    const bufferType = direction === "request" ? BufferType.REQUEST_BODY : BufferType.RESPONSE_BODY;

    /** A stream whose headers were forwarded, and a function to pass parts of the body. */
    const bodyOf = async (scripts: Scripts, bodyLimitBytes?: number) => {
      const puppet = startPuppet(abi, atTicks(direction, scripts));
      const stream = puppet.open({}, bodyLimitBytes === undefined ? {} : { bodyLimitBytes });
      await stream.requestHeaders();
      if (direction === "response") await stream.responseHeaders(STATUS_200, false);
      const send = (text: string | Uint8Array, end: boolean) => {
        const chunk = typeof text === "string" ? bytes(text) : text;
        return direction === "request" ? stream.requestBody(chunk, end) : stream.responseBody(chunk, end);
      };
      return { ...puppet, stream, send };
    };

    it(`in on_${callback} holds it back: the next call sees the total, and continue releases all of it`, async () => {
      const seen: string[] = [];
      const { director, send } = await bodyOf({
        *[callback](guest: Guest) {
          seen.push((yield* guest.buffer(bufferType)).text);
          return seen.length < 3 ? Action.PAUSE : Action.CONTINUE;
        },
      });
      expect(await stateOf(send("a", false))).toMatchObject({ kind: "buffer" });
      expect(await stateOf(send("bc", false))).toMatchObject({ kind: "buffer" });
      expect(await stateOf(send("def", false))).toMatchObject({ kind: "continue", body: bytes("abcdef") });
      expect(await stateOf(send("g", true))).toMatchObject({ kind: "continue", body: bytes("g") });
      expect(seen).toEqual(["a", "abc", "abcdef", "g"]);
      expect(director.events.filter((event) => event.startsWith(callback))).toEqual([
        `${callback}(2, 1, 0)`,
        `${callback}(2, 3, 0)`,
        `${callback}(2, 6, 0)`,
        `${callback}(2, 1, 1)`,
      ]);
    });

    it.each([1, 2, 7])(`in on_${callback} happens at action %i`, async (action) => {
      const { send } = await bodyOf({
        [callback]: returning(action),
      });
      expect(await stateOf(send("a", false))).toMatchObject({ kind: "buffer" });
    });

    it(`at the end of the ${direction}'s body waits until it is continued from elsewhere`, async () => {
      const { instance, send } = await bodyOf({ [callback]: pause });
      expect(await stateOf(send("a", false))).toMatchObject({ kind: "buffer" });
      const last = send("b", true);
      expect(await stateOf(last)).toBe("waiting");
      instance.tick();
      expect(await stateOf(last)).toMatchObject({ kind: "continue", body: bytes("ab") });
    });

    it(`in on_${callback} is limited to the body limit`, async () => {
      const { director, send } = await bodyOf({ [callback]: pause }, 8);
      expect(await stateOf(send("12345678", false))).toMatchObject({ kind: "buffer" });
      const outcome = await stateOf(send("9", false));
      expect(director.events.filter((event) => event.startsWith(callback))).toEqual([`${callback}(2, 8, 0)`]);
      if (direction === "request") expect(outcome).toMatchObject({ kind: "respond", status: 413 });
      else expect(outcome).toMatchObject({ kind: "failed", reason: "body_too_large" });
    });

    it(`in on_${callback} above the limit in one chunk is refused too`, async () => {
      const { send } = await bodyOf({ [callback]: pause }, 8);
      const kind = direction === "request" ? "respond" : "failed";
      expect(await stateOf(send("more than eight", false))).toMatchObject({ kind });
    });

    it(`in on_${callback} can end between two chunks if the embedder waits for that`, async () => {
      const { instance, stream, send } = await bodyOf({ [callback]: pause });
      expect(await stateOf(send("held", false))).toMatchObject({ kind: "buffer" });
      const resumed = stream.resumed(direction);
      expect(await stateOf(resumed)).toBe("waiting");
      instance.tick();
      expect(await stateOf(resumed)).toMatchObject({ kind: "continue", body: bytes("held") });
      expect(await stateOf(send("more", false))).toMatchObject({ kind: "buffer" });
    });

    it(`in on_${callback} without buffering (3) drops the chunk for good`, async () => {
      let calls = 0;
      const { send } = await bodyOf({
        *[callback](guest: Guest) {
          calls += 1;
          expect((yield* guest.buffer(bufferType)).text).toBe(calls === 1 ? "dropped" : "kept");
          return calls === 1 ? EnvoyDataAction.STOP_ITERATION_NO_BUFFER : Action.CONTINUE;
        },
      });
      expect(await stateOf(send("dropped", false))).toMatchObject({ kind: "buffer" });
      expect(await stateOf(send("kept", true))).toMatchObject({ kind: "continue", body: bytes("kept") });
    });

    it(`never limits a single chunk of a ${direction}'s body that passes`, async () => {
      const { send } = await bodyOf({}, 8);
      expect(await stateOf(send("more than eight", true))).toMatchObject({ body: bytes("more than eight") });
    });

    it(`never limits a ${direction}'s body that passes`, async () => {
      const { send } = await bodyOf({}, 8);
      for (let chunk = 0; chunk < 4; chunk++) {
        expect(await stateOf(send("12345678", chunk === 3))).toMatchObject({
          kind: "continue",
          body: bytes("12345678"),
        });
      }
    });
  }

  it("of response headers holds the response, and its body, until it is continued", async () => {
    const { director, instance, open } = startPuppet(abi, atTicks("response", { response_headers: pause }));
    const stream = open();
    await stream.requestHeaders();
    const headers = stream.responseHeaders(STATUS_200, false);
    const body = stream.responseBody(bytes("hello"), true);
    expect(await stateOf(headers)).toBe("waiting");
    expect(director.events.filter((event) => event.startsWith("response_body"))).toEqual([]);
    instance.tick();
    expect(await stateOf(headers)).toMatchObject({ kind: "continue", paused: true });
    expect(await stateOf(body)).toMatchObject({ kind: "continue", body: bytes("hello") });
  });

  it("of a response that becomes too large to hold is answered with 500 if its headers were not forwarded", async () => {
    const { open } = startPuppet(abi, { response_headers: pause });
    const stream = open({}, { bodyLimitBytes: 8 });
    await stream.requestHeaders();
    const headers = stream.responseHeaders(STATUS_200, false);
    const body = stream.responseBody(bytes("more than eight bytes"), false);
    const outcomes = [await stateOf(headers), await stateOf(body)];
    expect(outcomes).toContainEqual(expect.objectContaining({ kind: "respond", status: 500 }));
  });

  it.each(["request", "response"] as const)("of %s trailers holds them until they are continued", async (direction) => {
    const { instance, open } = startPuppet(abi, atTicks(direction, { [`${direction}_trailers`]: pause }));
    const stream = open();
    await stream.requestHeaders();
    if (direction === "response") await stream.responseHeaders(STATUS_200, false);
    const trailers: [string, string][] = [["x-trailer", "1"]];
    const waiting = direction === "request" ? stream.requestTrailers(trailers) : stream.responseTrailers(trailers);
    expect(await stateOf(waiting)).toBe("waiting");
    instance.tick();
    expect(await stateOf(waiting)).toMatchObject({ kind: "continue" });
  });

  it("in on_request_body ends with trailers: the held-back body is forwarded with them", async () => {
    const { open } = startPuppet(abi, { request_body: pause });
    const stream = open();
    await stream.requestHeaders();
    expect(await stateOf(stream.requestBody(bytes("held"), false))).toMatchObject({ kind: "buffer" });
    expect(await stateOf(stream.requestTrailers([["x-trailer", "1"]]))).toMatchObject({
      kind: "continue",
      body: bytes("held"),
    });
  });
});
