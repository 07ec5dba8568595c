import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import type { FakeServices } from "./testing/fake-services.setup.ts";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import {
  bytes,
  call,
  exchange,
  filter,
  isPending,
  logBody,
  onBody,
  onHeaders,
  onTrailers,
  REMEMBER,
  RESPONSE,
  readable,
  replaceBody,
  resumedByReply,
  UNTIL_END,
} from "./testing/scenes.setup.ts";
import type { GuestText } from "./testing/wat-guest.setup.ts";

type Scene = ReturnType<typeof filter>;
type Direction = "request" | "response";

/** One message of a stream, so that every rule can be tested for both. */
function open(scene: Scene, direction: Direction, options: Parameters<typeof exchange>[1] = {}) {
  const stream = exchange(scene, options);
  if (direction === "response") stream.requestHeaders();
  return {
    stream,
    headers: () => (direction === "request" ? stream.requestHeaders() : stream.responseHeaders(RESPONSE, false)),
    body: (text: string, endOfStream = false) =>
      direction === "request"
        ? stream.requestBody(bytes(text), endOfStream)
        : stream.responseBody(bytes(text), endOfStream),
    trailers: () => (direction === "request" ? stream.requestTrailers([]) : stream.responseTrailers([])),
    resumed: () => stream.resumed(direction),
  };
}

const reply = async (services: FakeServices): Promise<void> => services.calls.shift()?.answer(OK_REPLY);
const ADD_HEADER = (direction: Direction, $: GuestText): string =>
  `(drop (call $proxy_add_header_map_value (i32.const ${direction === "request" ? 0 : 2}) ${$("x-late")} ${$("1")}))`;

describe.each(["request", "response"] as const)("the body of a %s", (direction) => {
  it("is forwarded chunk by chunk if the filter continues, and the filter sees each chunk alone", async () => {
    const scene = filter(() => onBody(direction, `${logBody(direction)} (i32.const 0)`));
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("one"))).toBe("continue one");
    expect(await readable(body("two", true))).toBe("continue two");
    expect(scene.services.lines).toEqual(["one", "two"]);
  });

  it("is held back while the filter pauses, shown as a whole with each chunk, and forwarded as a whole", async () => {
    const scene = filter(() => onBody(direction, `${logBody(direction)} ${UNTIL_END}`));
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("one,"))).toBe("buffer");
    expect(await readable(body("two,"))).toBe("buffer");
    expect(await readable(body("three", true))).toBe("continue one,two,three");
    expect(scene.services.lines).toEqual(["one,", "one,two,", "one,two,three"]);
  });

  it("does not change when the owner of a chunk reuses it", async () => {
    const scene = filter(() => onBody(direction, UNTIL_END));
    const { headers, stream } = open(scene, direction);
    headers();
    const chunk = bytes("one");
    const hand = (end: boolean) =>
      direction === "request" ? stream.requestBody(chunk, end) : stream.responseBody(chunk, end);
    hand(false);
    chunk.set(bytes("two"));
    expect(await readable(hand(true))).toBe("continue onetwo");
  });

  it("can be replaced, even after it was held back", async () => {
    const scene = filter(($) =>
      onBody(direction, `(if (local.get $eos) (then ${replaceBody(direction, $("instead of it"))})) ${UNTIL_END}`),
    );
    const { headers, body } = open(scene, direction);
    headers();
    body("a");
    expect(await readable(body("b", true))).toBe("continue instead of it");
  });

  it("that was released is not shown again: the next chunk comes alone", async () => {
    const scene = filter(
      () => `(global $count (mut i32) (i32.const 0))
      ${onBody(
        direction,
        `${logBody(direction)} (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.and (global.get $count) (i32.const 1))`,
      )}`,
    );
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("buffer");
    expect(await readable(body("b"))).toBe("continue ab");
    expect(await readable(body("c"))).toBe("buffer");
    expect(await readable(body("d", true))).toBe("continue cd");
    expect(scene.services.lines).toEqual(["a", "ab", "c", "cd"]);
  });

  it.each([
    [1, "continue abc"],
    [2, "continue abc"],
    [3, "continue c"],
    [99, "continue abc"],
  ])("waits at action %i (3 drops the chunk)", async (action, expected) => {
    const scene = filter(() => onBody(direction, `(select (i32.const 0) (i32.const ${action}) (local.get $eos))`));
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("buffer");
    expect(await readable(body("b"))).toBe("buffer");
    expect(await readable(body("c", true))).toBe(expected);
  });

  it("waits after its end until the filter resumes, and the filter can still change it", async () => {
    const scene = filter(
      ($) => `${resumedByReply(direction, replaceBody(direction, $("later")))}
      ${onBody(direction, `${REMEMBER} ${call($)} (i32.const 1)`)}`,
    );
    const { headers, body } = open(scene, direction);
    headers();
    const outcome = body("now", true);
    expect(await isPending(outcome)).toBe(true);
    await reply(scene.services);
    expect(await readable(outcome)).toBe("continue later");
  });

  it("is released when the filter resumes between two chunks: through resumed(), else with the next chunk", async () => {
    const scene = filter(
      ($) => `${resumedByReply(direction)}
      ${onBody(direction, `${REMEMBER} ${logBody(direction)} ${call($)} (i32.const 1)`)}`,
    );
    const { headers, body, resumed } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("buffer");
    const first = resumed();
    expect(await isPending(first)).toBe(true);
    await reply(scene.services);
    expect(await readable(first)).toBe("continue a");

    expect(await readable(body("b"))).toBe("buffer");
    await reply(scene.services);
    expect(await readable(body("c"))).toBe("continue b");
    await reply(scene.services);
    expect(await readable(resumed())).toBe("continue c");
    expect(await readable(resumed())).toBe("buffer");
    expect(scene.services.lines).toEqual(["a", "b", "c"]);
  });

  it("resolves resumed() with buffer if another chunk comes first", async () => {
    const scene = filter(() => onBody(direction, "(i32.const 1)"));
    const { headers, body, resumed, stream } = open(scene, direction);
    headers();
    body("a");
    const waiting = resumed();
    body("b");
    expect(await readable(waiting)).toBe("buffer");
    const last = resumed();
    stream.end();
    expect(await readable(last)).toBe("failed");
  });

  it("continues if the filter requested that before it returned pause", async () => {
    const type = direction === "request" ? 0 : 1;
    const scene = filter(() =>
      onBody(direction, `(drop (call $proxy_continue_stream (i32.const ${type}))) (i32.const 1)`),
    );
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("continue a");
  });

  it("stays paused when the other message is resumed", async () => {
    const type = direction === "request" ? 1 : 0;
    const scene = filter(() =>
      onBody(direction, `(drop (call $proxy_continue_stream (i32.const ${type}))) (i32.const 1)`),
    );
    const { headers, body } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("buffer");
  });

  it("cannot be read outside its callbacks", () => {
    const scene = filter(
      () => `${onHeaders(direction, `${logBody(direction)} (i32.const 0)`)} ${onBody(direction, "(i32.const 0)")}
      (func (export "proxy_on_log") (param i32) ${logBody(direction)})`,
    );
    const { headers, body, stream } = open(scene, direction);
    headers();
    body("secret", true);
    stream.end();
    expect(scene.services.lines).toEqual([]);
  });
});

describe.each(["request", "response"] as const)("the headers of a %s that the filter pauses", (direction) => {
  const pausing = (action: number) => ($: GuestText) =>
    `
    ${resumedByReply(direction, ADD_HEADER(direction, $))}
    ${onHeaders(direction, `${REMEMBER} ${call($)} (i32.const ${action})`)}
    ${onBody(direction, `${logBody(direction)} ${UNTIL_END}`)}
    ${onTrailers(direction, `(call $log ${$("trailers")}) (i32.const 0)`)}`;
  const change = { name: "x-late", values: ["1"] };

  it("keep the body hidden until they are forwarded; then it is shown as a whole", async () => {
    const scene = filter(pausing(1));
    const { headers, body } = open(scene, direction);
    const decision = headers();
    expect(await readable(body("one,"))).toBe("buffer");
    const rest = body("two", true);
    expect(await isPending(rest)).toBe(true);
    expect(scene.services.lines).toEqual([]);
    await reply(scene.services);
    expect(await decision).toMatchObject({ kind: "continue", changes: [change], paused: true, calls: 1 });
    expect(await rest).toEqual({ kind: "continue", body: bytes("one,two") });
    expect(scene.services.lines).toEqual(["one,two"]);
  });

  it("show the filter what arrived meanwhile as soon as they are forwarded", async () => {
    const scene = filter(pausing(1));
    const { headers, body } = open(scene, direction);
    headers();
    body("one,");
    await reply(scene.services);
    expect(scene.services.lines).toEqual(["one,"]);
    expect(await readable(body("two", true))).toBe("continue one,two");
  });

  it("keep trailers waiting too; the trailers follow the body", async () => {
    const scene = filter(($) => pausing(1)($).replace(UNTIL_END, "(i32.const 0)"));
    const { headers, body, trailers } = open(scene, direction);
    headers();
    body("one");
    const end = trailers();
    expect(await isPending(end)).toBe(true);
    await reply(scene.services);
    expect(await end).toEqual({ kind: "continue", changes: [], body: bytes("one") });
    expect(scene.services.lines).toEqual(["one", "trailers"]);
  });

  it("can show the body at once, as an option; then both are forwarded together", async () => {
    const scene = filter(pausing(1));
    const { headers, body } = open(scene, direction, { bodyWhileHeadersPaused: true });
    const decision = headers();
    expect(await readable(body("one,"))).toBe("buffer");
    expect(scene.services.lines).toEqual(["one,"]);
    expect(await body("two", true)).toEqual({ kind: "continue", body: bytes("one,two"), headerChanges: [] });
    expect(await decision).toMatchObject({ kind: "continue", changes: [], paused: true });
  });

  it("can be changed while the body is held back with them", async () => {
    const scene = filter(
      ($) => `${onHeaders(direction, "(i32.const 1)")}
      ${onBody(direction, `(if (local.get $eos) (then ${ADD_HEADER(direction, $)})) ${UNTIL_END}`)}`,
    );
    const { headers, body } = open(scene, direction, { bodyWhileHeadersPaused: true });
    const decision = headers();
    body("a");
    expect(await body("b", true)).toEqual({ kind: "continue", body: bytes("ab"), headerChanges: [change] });
    expect(await decision).toMatchObject({ changes: [change] });
  });

  it.each([3, 4])("keep the body hidden despite that option at action %i", async (action) => {
    const scene = filter(pausing(action));
    const { headers, body } = open(scene, direction, { bodyWhileHeadersPaused: true });
    headers();
    body("one");
    expect(scene.services.lines).toEqual([]);
  });

  it("keep the body waiting if its stage is off", async () => {
    const scene = filter(
      ($) => `${resumedByReply(direction)} ${onHeaders(direction, `${REMEMBER} ${call($)} (i32.const 1)`)}`,
    );
    const { headers, body } = open(scene, direction, { bodyWhileHeadersPaused: true });
    headers();
    expect(await readable(body("one,"))).toBe("buffer");
    const rest = body("two", true);
    expect(await isPending(rest)).toBe(true);
    await reply(scene.services);
    expect(await readable(rest)).toBe("continue one,two");
  });
});

describe.each(["request", "response"] as const)("the trailers of a %s", (direction) => {
  it("release a held-back body before them", async () => {
    const scene = filter(() => `${onBody(direction, "(i32.const 1)")} ${onTrailers(direction, "(i32.const 0)")}`);
    const { headers, body, trailers } = open(scene, direction);
    headers();
    expect(await readable(body("a"))).toBe("buffer");
    expect(trailers()).toEqual({ kind: "continue", changes: [], body: bytes("a") });
  });

  it("wait if the filter pauses, with the body, which can still be changed", async () => {
    const scene = filter(
      ($) => `${resumedByReply(direction, replaceBody(direction, $("b")))}
      ${onBody(direction, "(i32.const 1)")}
      ${onTrailers(direction, `${REMEMBER} ${call($)} (i32.const 1)`)}`,
    );
    const { headers, body, trailers } = open(scene, direction);
    headers();
    body("a");
    const end = trailers();
    expect(await isPending(end)).toBe(true);
    await reply(scene.services);
    expect(await end).toEqual({ kind: "continue", changes: [], body: bytes("b") });
  });
});

describe("a body too large to be held back", () => {
  it("gets 413 for a request, whether it comes at once or in parts", async () => {
    for (const chunks of [["12345"], ["123", "45"]]) {
      const { headers, body } = open(
        filter(() => onBody("request", "(i32.const 1)")),
        "request",
        { bodyLimitBytes: 4 },
      );
      headers();
      const outcomes = chunks.map((chunk) => body(chunk));
      expect(outcomes.at(-1)).toMatchObject({ kind: "respond", status: 413, details: "request_payload_too_large" });
      expect(await readable(body("more"))).toBe("failed");
    }
  });

  it("gets 413 while the headers are paused, and so do the headers", async () => {
    const { headers, body } = open(
      filter(() => onHeaders("request", "(i32.const 1)")),
      "request",
      { bodyLimitBytes: 4 },
    );
    const decision = headers();
    expect(body("12345")).toMatchObject({ kind: "respond", status: 413 });
    expect(await decision).toMatchObject({ kind: "respond", status: 413 });
  });

  it("gets 500 for a response whose headers are still held, and breaks off otherwise", async () => {
    const held = open(
      filter(() => onHeaders("response", "(i32.const 1)")),
      "response",
      { bodyLimitBytes: 4 },
    );
    const decision = held.headers();
    expect(held.body("12345")).toMatchObject({ kind: "respond", status: 500, details: "response_payload_too_large" });
    expect(await decision).toMatchObject({ kind: "respond", status: 500 });

    const gone = open(
      filter(() => onBody("response", "(i32.const 1)")),
      "response",
      { bodyLimitBytes: 4 },
    );
    gone.headers();
    expect(gone.body("12345")).toMatchObject({ kind: "failed", reason: "body_too_large" });
  });

  it("passes if the filter does not hold it back", async () => {
    const { headers, body } = open(
      filter(() => onBody("request", "(i32.const 0)")),
      "request",
      { bodyLimitBytes: 4 },
    );
    headers();
    expect(await readable(body("1234567890"))).toBe("continue 1234567890");
  });

  it("cannot be created by the filter itself", async () => {
    const scene = filter(($) =>
      onBody(
        "request",
        `(if (i32.eq (i32.const 2) (call $proxy_set_buffer_bytes (i32.const 0) (i32.const -1) (i32.const 0) ${$("56")}))
          (then (call $log ${$("too large")}))) (i32.const 1)`,
      ),
    );
    const { headers, body } = open(scene, "request", { bodyLimitBytes: 4 });
    headers();
    body("1234");
    expect(scene.services.lines).toEqual(["too large"]);
  });
});

describe("bodies that many streams hold back", () => {
  it("have a common limit: the next one is refused with 503, and there is room again when one has ended", async () => {
    const scene = filter(() => onBody("request", UNTIL_END));
    const megabyte = new Uint8Array(1_024 * 1_024);
    const hold = () => {
      const stream = exchange(scene);
      stream.requestHeaders();
      return { stream, outcome: stream.requestBody(megabyte, false) };
    };
    const held = Array.from({ length: HOST_LIMITS.heldBodyBytes / megabyte.length }, hold);
    for (const { outcome } of held) expect(await outcome).toEqual({ kind: "buffer" });
    expect(await hold().outcome).toMatchObject({ kind: "respond", status: 503, details: "too_much_body_held" });
    held[0]?.stream.end();
    expect(await hold().outcome).toEqual({ kind: "buffer" });
  });
});
