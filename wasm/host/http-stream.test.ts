import { describe, expect, it } from "vitest";
import { FilterInstance, HOST_LIMITS, type HttpStream, NO_STAGES } from "./index.ts";
import { FakeServices, START } from "./testing/fake-services.setup.ts";
import {
  ALL_STAGES,
  bytes,
  exchange,
  filter,
  onBody,
  onHeaders,
  onRequest,
  onTrailers,
  REQUEST,
  RESPONSE,
  readable,
} from "./testing/scenes.setup.ts";
import { type GuestText, guest } from "./testing/wat-guest.setup.ts";

/** Logs the name of every callback of a stream, and continues. */
const logging = ($: GuestText): string => `
  (func (export "proxy_on_context_create") (param i32) (param $parent i32)
    (if (local.get $parent) (then (call $log ${$("create")}))))
  ${(["request", "response"] as const)
    .flatMap((message) => [
      onHeaders(message, `(call $log ${$(`${message} headers`)}) (i32.const 0)`),
      onBody(
        message,
        `(call $log ${$(`${message} body`)}) (if (local.get $eos) (then (call $log ${$("end")}))) (i32.const 0)`,
      ),
      onTrailers(message, `(call $log ${$(`${message} trailers`)}) (i32.const 0)`),
    ])
    .join("\n")}
  (func (export "proxy_on_done") (param i32) (result i32) (call $log ${$("done")}) (i32.const 1))
  (func (export "proxy_on_log") (param i32) (call $log ${$("log")}))
  (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))`;

/** Passes everything in order. */
async function runAll(stream: HttpStream): Promise<void> {
  expect(await stream.requestHeaders()).toMatchObject({ kind: "continue", changes: [] });
  expect(await readable(stream.requestBody(bytes("ask"), false))).toBe("continue ask");
  expect(await stream.requestTrailers([["x-sum", "1"]])).toMatchObject({ kind: "continue", changes: [] });
  expect(await stream.responseHeaders(RESPONSE, false)).toMatchObject({ kind: "continue", changes: [] });
  expect(await readable(stream.responseBody(bytes("answer"), false))).toBe("continue answer");
  expect(await stream.responseTrailers([["x-sum", "2"]])).toMatchObject({ kind: "continue", changes: [] });
  stream.end();
}

describe("a whole HTTP exchange", () => {
  it("passes the filter in the order of the reference", async () => {
    const scene = filter(logging);
    await runAll(exchange(scene));
    expect(scene.services.lines).toEqual([
      "create",
      "request headers",
      "request body",
      "request trailers",
      "response headers",
      "response body",
      "response trailers",
      "done",
      "log",
      "delete",
    ]);
    expect(scene.instance.openStreams).toBe(0);
  });

  it("shows the filter only the request's headers if no other stage is on", async () => {
    const scene = filter(logging);
    await runAll(exchange(scene, { stages: NO_STAGES }));
    expect(scene.services.lines).toEqual(["create", "request headers", "done", "log", "delete"]);
  });

  it.each(["requestBody", "requestTrailers", "responseHeaders", "responseBody", "responseTrailers"] as const)(
    "skips only %s if that stage is off",
    async (stage) => {
      const scene = filter(logging);
      await runAll(exchange(scene, { stages: { ...ALL_STAGES, [stage]: false } }));
      const [, direction, part] = /^(request|response)(.*)$/.exec(stage) ?? [];
      expect(scene.services.lines).not.toContain(`${direction} ${part?.toLowerCase()}`);
      expect(scene.services.lines).toHaveLength(9);
    },
  );

  it("passes a filter without any callback", async () => {
    await runAll(exchange(filter(() => "")));
  });

  it("marks the end of a body, even of an empty one", async () => {
    const scene = filter(logging);
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.requestBody(bytes("a"), false);
    expect(scene.services.lines).not.toContain("end");
    expect(await readable(stream.requestBody(bytes(""), true))).toBe("continue ");
    expect(scene.services.lines.filter((line) => line === "end")).toHaveLength(1);
  });

  it("may overlap with other exchanges, and the request with its response", async () => {
    const scene = filter(logging);
    const [first, second] = [exchange(scene), exchange(scene)];
    first.requestHeaders();
    second.requestHeaders();
    expect(scene.instance.openStreams).toBe(2);
    first.responseHeaders(RESPONSE, false);
    expect(await readable(first.requestBody(bytes("late"), true))).toBe("continue late");
    expect(await readable(first.responseBody(bytes("early"), true))).toBe("continue early");
    first.end();
    expect(scene.instance.openStreams).toBe(1);
    expect(await readable(second.requestBody(bytes("x"), true))).toBe("continue x");
    second.end();
  });

  it("reports the filter's changes to each map", async () => {
    const change = ($: GuestText, map: number): string =>
      `(drop (call $proxy_replace_header_map_value (i32.const ${map}) ${$("x-seen")} ${$(`${map}`)})) (i32.const 0)`;
    const scene = filter(
      ($) => `
      ${onRequest(change($, 0))} ${onTrailers("request", change($, 1))}
      ${onHeaders("response", `(drop (call $proxy_replace_header_map_value (i32.const 2) ${$(":status")} ${$("418")})) ${change($, 2)}`)}
      ${onTrailers("response", change($, 3))}`,
    );
    const stream = exchange(scene);
    const seen = (value: string) => ({ name: "x-seen", values: [value] });
    expect(stream.requestHeaders()).toMatchObject({ changes: [seen("0")] });
    expect(stream.requestTrailers([])).toMatchObject({ changes: [seen("1")] });
    expect(stream.responseHeaders(RESPONSE, false)).toMatchObject({
      changes: [{ name: ":status", values: ["418"] }, seen("2")],
    });
    expect(stream.responseTrailers([])).toMatchObject({ changes: [seen("3")] });
  });

  it("lets the filter read the request in response callbacks, but not change it", async () => {
    const scene = filter(($) =>
      onHeaders(
        "response",
        `(drop (call $proxy_get_header_map_value (i32.const 0) ${$(":path")} (i32.const 0) (i32.const 4)))
        (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))
        (if (i32.eq (i32.const 2) (call $proxy_add_header_map_value (i32.const 0) ${$("x")} ${$("y")}))
          (then (call $log ${$("too late")})))
        (i32.const 0)`,
      ),
    );
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.responseHeaders(RESPONSE, true);
    expect(scene.services.lines).toEqual(["/orders?id=1", "too late"]);
  });
});

describe("the end of a stream", () => {
  it("comes once", () => {
    const scene = filter(logging);
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.end();
    stream.end();
    expect(scene.services.lines.filter((line) => line === "log")).toHaveLength(1);
  });

  it("is logged even if the headers never reached the filter", () => {
    const scene = filter(logging);
    exchange(scene).end();
    expect(scene.services.lines).toEqual(["create", "done", "log", "delete"]);
  });

  it("fails everything passed afterwards", async () => {
    const stream = exchange(filter(logging));
    stream.requestHeaders();
    stream.end();
    expect(stream.requestBody(bytes("late"), false)).toMatchObject({ kind: "failed", reason: "ended" });
    expect(stream.responseHeaders(RESPONSE, false)).toMatchObject({ kind: "failed", reason: "ended" });
    expect(await stream.resumed("request")).toMatchObject({ kind: "failed", reason: "ended" });
  });

  it("can still read the request", () => {
    const scene = filter(
      ($) => `(func (export "proxy_on_log") (param i32)
        (drop (call $proxy_get_header_map_value (i32.const 2) ${$(":status")} (i32.const 0) (i32.const 4)))
        (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))
        (if (i32.eqz (call $proxy_get_property ${$("request\0duration")} (i32.const 0) (i32.const 4)))
          (then (call $log ${$("duration")}))))`,
    );
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.responseHeaders(RESPONSE, true);
    stream.end();
    expect(scene.services.lines).toEqual(["200", "duration"]);
  });
});

describe("an embedder that breaks the order", () => {
  it.each<[string, (stream: HttpStream) => unknown]>([
    ["a body before its headers", (stream) => stream.requestBody(bytes("x"), false)],
    ["a response's body before its headers", (stream) => stream.responseBody(bytes("x"), false)],
    ["trailers before the headers", (stream) => stream.responseTrailers([])],
    ["headers twice", (stream) => [stream.requestHeaders(), stream.requestHeaders()]],
    [
      "more of a body that has ended",
      (stream) => [
        stream.requestHeaders(),
        stream.requestBody(bytes("x"), true),
        stream.requestBody(bytes("y"), false),
      ],
    ],
    [
      "trailers of a message that has ended",
      (stream) => [stream.responseHeaders(RESPONSE, true), stream.responseTrailers([])],
    ],
  ])("gets an error: %s", (_what, misuse) => {
    expect(() => misuse(exchange(filter(() => "")))).toThrow(/the (request|response)/);
  });

  it("cannot enter the guest from within its services", () => {
    const services = new FakeServices();
    const instance = FilterInstance.start(
      guest(($) => onRequest(`(call $log ${$("hello")}) (i32.const 0)`)),
      services,
      START,
    );
    const stream = instance.openStream(REQUEST, { stages: ALL_STAGES });
    services.log = (_level, message) => {
      if (message === "hello") stream.end();
    };
    expect(stream.requestHeaders()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure?.message).toContain("from within HostServices");
  });
});

describe("a stream is over", () => {
  const waiting = (): string => onHeaders("request", "(i32.const 1)") + onBody("response", "(unreachable)");

  /** Whether `over` has settled by the end of the turn. */
  async function isOver(stream: HttpStream): Promise<boolean> {
    let over = false;
    stream.over.then(() => (over = true));
    await new Promise((resolve) => setTimeout(resolve, 0));
    return over;
  }

  it("when it is ended, even while it waits", async () => {
    const stream = exchange(filter(waiting));
    stream.requestHeaders();
    expect(await isOver(stream)).toBe(false);
    stream.end();
    expect(await isOver(stream)).toBe(true);
  });

  it("when the filter is closed, and when another stream makes the filter fail", async () => {
    const closed = filter(waiting);
    const failed = filter(waiting);
    const streams = [exchange(closed), exchange(failed)];
    const over = streams.map(isOver);
    closed.instance.close();
    const culprit = exchange(failed);
    culprit.responseHeaders(RESPONSE, false);
    culprit.responseBody(bytes("x"), true);
    expect(await Promise.all(over)).toEqual([true, true]);
    expect(streams.map((stream) => stream.requestHeaders())).toMatchObject([{ reason: "closed" }, { reason: "trap" }]);
  });

  it("from the beginning if it cannot be opened", async () => {
    const scene = filter(() => "");
    scene.instance.close();
    expect(await isOver(exchange(scene))).toBe(true);
  });
});

describe("the first outcome of a stream that cannot be opened gives the reason", () => {
  it("the filter is closed", () => {
    const scene = filter(() => "");
    scene.instance.close();
    const stream = exchange(scene);
    expect(stream.requestHeaders()).toMatchObject({ kind: "failed", reason: "closed" });
    stream.end();
    expect(scene.instance.openStreams).toBe(0);
  });

  it("the filter has failed", () => {
    const scene = filter(() => onRequest("(unreachable)"));
    scene.decide();
    expect(exchange(scene).requestHeaders()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(scene.instance.openStreams).toBe(0);
  });

  it("too many streams are open", () => {
    const scene = filter(() => "");
    for (let index = 0; index < HOST_LIMITS.openStreams; index++) exchange(scene);
    expect(exchange(scene).requestHeaders()).toMatchObject({ kind: "failed", reason: "too_many_streams" });
  });
});

it("an instance lists its exported stages and unanswered imports", () => {
  const { instance } = filter(() => `${onBody("request", "(i32.const 0)")} ${onHeaders("response", "(i32.const 0)")}`);
  expect(instance.exportedStages).toEqual({ ...NO_STAGES, requestBody: true, responseHeaders: true });
  expect(instance.unimplementedImports).toContain("env.proxy_grpc_call");
  expect(instance.unknownImports).toEqual([]);
});

it("ABI 0.1.0 has header callbacks of two parameters for both messages", async () => {
  const twoParameters = (message: string, $: GuestText): string =>
    `(func (export "proxy_on_${message}_headers") (param $id i32) (param $count i32) (result i32)
      (if (i32.eq (local.get $count) (i32.const ${message === "request" ? 4 : 2})) (then (call $log ${$(message)})))
      (i32.const 0))`;
  const scene = filter(($) => `${twoParameters("request", $)} ${twoParameters("response", $)}`, { abi: "0_1_0" });
  await runAll(exchange(scene));
  expect(scene.services.lines).toEqual(["request", "response"]);
});
