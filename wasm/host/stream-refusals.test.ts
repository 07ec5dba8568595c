import { describe, expect, it } from "vitest";
import type { HttpStream } from "./index.ts";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import {
  bytes,
  call,
  exchange,
  filter,
  isPending,
  onBody,
  onHeaders,
  onReply,
  onRequest,
  onTrailers,
  REMEMBER,
  RESPONSE,
  readable,
  respond,
} from "./testing/scenes.setup.ts";
import type { GuestText } from "./testing/wat-guest.setup.ts";

type Stage =
  | "requestHeaders"
  | "requestBody"
  | "requestTrailers"
  | "responseHeaders"
  | "responseBody"
  | "responseTrailers";

const STAGES: readonly Stage[] = [
  "requestHeaders",
  "requestBody",
  "requestTrailers",
  "responseHeaders",
  "responseBody",
  "responseTrailers",
];
/** The stages before the response's headers are forwarded. */
const BEFORE_THE_HEAD = STAGES.slice(0, 4);
const AFTER_THE_HEAD = STAGES.slice(4);

/** A guest that acts in one stage only. */
function inStage(stage: Stage, body: string): string {
  const message = stage.startsWith("request") ? "request" : "response";
  if (stage.endsWith("Headers")) return onHeaders(message, body);
  return stage.endsWith("Body") ? onBody(message, body) : onTrailers(message, body);
}

/** Passes everything up to a stage; returns the outcome of that stage. */
function runTo(stream: HttpStream, stage: Stage): unknown {
  const steps: Record<Stage, () => unknown> = {
    requestHeaders: () => stream.requestHeaders(),
    requestBody: () => stream.requestBody(bytes("ask"), false),
    requestTrailers: () => stream.requestTrailers([]),
    responseHeaders: () => stream.responseHeaders(RESPONSE, false),
    responseBody: () => stream.responseBody(bytes("answer"), false),
    responseTrailers: () => stream.responseTrailers([]),
  };
  let outcome: unknown;
  for (const name of STAGES.slice(0, STAGES.indexOf(stage) + 1)) outcome = steps[name]();
  return outcome;
}

const ALWAYS_LOGGED = ($: GuestText): string => `(func (export "proxy_on_log") (param i32) (call $log ${$("logged")}))`;

describe("a local response", () => {
  it.each(BEFORE_THE_HEAD)("in %s replaces the message, although the callback continues", (stage) => {
    const scene = filter(($) => `${inStage(stage, `${respond($, 403, "denied")} (i32.const 0)`)} ${ALWAYS_LOGGED($)}`);
    const stream = exchange(scene);
    expect(runTo(stream, stage)).toMatchObject({ kind: "respond", status: 403, details: "denied", body: bytes("no") });
    stream.end();
    expect(scene.services.lines).toEqual(["logged"]);
  });

  it.each(AFTER_THE_HEAD)("in %s comes too late, has no effect, and is no error", async (stage) => {
    const scene = filter(
      ($) =>
        `${inStage(
          stage,
          `(if (i32.eqz (call $proxy_send_local_response
            (i32.const 403) ${$("")} ${$("")} ${$("")} (i32.const -1))) (then (call $log ${$("OK")}))) (i32.const 0)`,
        )}`,
    );
    expect(await runTo(exchange(scene), stage)).toMatchObject({ kind: "continue" });
    expect(scene.services.lines).toEqual(["OK"]);
  });

  it.each(["requestBody", "requestTrailers", "responseHeaders"] as const)(
    "sent while %s waits replaces the message",
    async (stage) => {
      const scene = filter(
        ($) => `
        (global $stream (mut i32) (i32.const 0))
        ${inStage(stage, `${REMEMBER} ${call($)} (i32.const 1)`)}
        ${onReply(`
          (drop (call $proxy_set_effective_context (global.get $stream)))
          ${respond($, 401, "late")} (drop (call $proxy_continue_stream (i32.const 0)))`)}`,
      );
      const stream = exchange(scene);
      const outcome = runTo(stream, stage);
      const waiting = stage === "requestBody" ? stream.resumed("request") : outcome;
      expect(await isPending(waiting)).toBe(true);
      await scene.services.calls[0]?.answer(OK_REPLY);
      expect(await waiting).toMatchObject({ kind: "respond", status: 401, details: "late" });
    },
  );

  it("sent while nothing waits is the outcome of the next part", async () => {
    const scene = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0))
      ${onRequest(`${REMEMBER} ${call($)} (i32.const 0)`)}
      ${onReply(`(drop (call $proxy_set_effective_context (global.get $stream))) ${respond($, 429, "too many")}`)}
      ${onHeaders("response", `(call $log ${$("asked")}) (i32.const 0)`)}`,
    );
    const stream = exchange(scene);
    expect(stream.requestHeaders()).toMatchObject({ kind: "continue" });
    await scene.services.calls[0]?.answer(OK_REPLY);
    expect(stream.responseHeaders(RESPONSE, true)).toMatchObject({ kind: "respond", status: 429 });
    expect(scene.services.lines).toEqual([]);
  });

  it("to the request may pass the response stages itself, once; the rest of the request is over", async () => {
    const scene = filter(
      ($) => `
      ${onRequest(`${respond($, 403, "denied")} (i32.const 0)`)}
      ${onHeaders(
        "response",
        `(drop (call $proxy_add_header_map_value (i32.const 2) ${$("x-filtered")} ${$("yes")}))
        ${respond($, 500, "again")} (i32.const 0)`,
      )}`,
    );
    const stream = exchange(scene);
    expect(stream.requestHeaders()).toMatchObject({ kind: "respond", status: 403 });
    expect(stream.requestBody(bytes("rest"), true)).toMatchObject({ kind: "failed", reason: "ended" });
    expect(stream.responseHeaders([[":status", "403"]], false)).toMatchObject({
      kind: "continue",
      changes: [{ name: "x-filtered", values: ["yes"] }],
    });
    expect(await readable(stream.responseBody(bytes("no"), true))).toBe("continue no");
  });

  it("in the response's headers ends the request as well", () => {
    const scene = filter(($) => onHeaders("response", `${respond($, 502, "bad")} (i32.const 0)`));
    const stream = exchange(scene);
    stream.requestHeaders();
    expect(stream.responseHeaders(RESPONSE, false)).toMatchObject({ kind: "respond", status: 502 });
    expect(stream.responseBody(bytes("x"), false)).toMatchObject({ kind: "failed", reason: "ended" });
    expect(stream.requestBody(bytes("x"), false)).toMatchObject({ kind: "failed", reason: "ended" });
  });

  it.each(BEFORE_THE_HEAD)("that cannot be sent fails %s", (stage) => {
    const scene = filter(($) => inStage(stage, `${respond($, 99, "no such status")} (i32.const 0)`));
    expect(runTo(exchange(scene), stage)).toMatchObject({ kind: "failed", reason: "invalid_local_response" });
  });
});

describe.each(STAGES)("in %s", (stage) => {
  it.each([0, 1])("a stream can be closed by closing its message (type %i)", (type) => {
    const scene = filter(
      ($) =>
        `${inStage(stage, `(drop (call $proxy_close_stream (i32.const ${type}))) (i32.const 0)`)} ${ALWAYS_LOGGED($)}`,
    );
    const stream = exchange(scene);
    expect(runTo(stream, stage)).toMatchObject({ kind: "failed", reason: "stream_closed" });
    stream.end();
    expect(scene.services.lines).toEqual(["logged"]);
  });

  it("a trap fails the stream and every other, and the instance for good", async () => {
    const scene = filter(() => inStage(stage, "(unreachable)"));
    const other = exchange(scene);
    if (stage !== "requestHeaders") other.requestHeaders();
    const stream = exchange(scene);
    expect(runTo(stream, stage)).toMatchObject({ kind: "failed", reason: "trap" });
    expect(other.responseHeaders(RESPONSE, false)).toMatchObject({ kind: "failed", reason: "trap" });
    expect([scene.instance.failure?.reason, scene.instance.openStreams]).toEqual(["trap", 0]);
    stream.end();
    other.end();
  });

  it("everything waiting fails at the end of the stream, at the signal, at close and at a trap elsewhere", async () => {
    const waiting = (body = "") =>
      filter(
        ($) => `${inStage(stage, "(i32.const 1)")}
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (drop (call $proxy_set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
        (func (export "proxy_on_tick") (param i32) ${body})
        (func (export "proxy_on_delete") (param i32) (call $log ${$("deleted")}))`,
      );
    const pending = (stream: HttpStream): unknown => {
      const outcome = runTo(stream, stage);
      if (outcome instanceof Promise) return outcome;
      return stream.resumed(stage.startsWith("request") ? "request" : "response");
    };

    const ended = exchange(waiting());
    const first = pending(ended);
    ended.end();
    expect(await first).toMatchObject({ kind: "failed", reason: "aborted", paused: true });

    const abort = new AbortController();
    const aborted = exchange(waiting(), {}, { signal: abort.signal });
    const second = pending(aborted);
    abort.abort();
    expect(await second).toMatchObject({ kind: "failed", reason: "aborted" });

    const scene = waiting();
    const third = pending(exchange(scene));
    scene.instance.close();
    expect(await third).toMatchObject({ kind: "failed", reason: "closed" });
    expect(scene.services.lines).toContain("deleted");

    const trapping = waiting("(unreachable)");
    const fourth = pending(exchange(trapping));
    trapping.instance.tick();
    expect(await fourth).toMatchObject({ kind: "failed", reason: "trap" });
  });
});

it("an aborted stream fails everything passed afterwards", () => {
  const scene = filter(() => onRequest("(i32.const 1)"));
  const stream = exchange(scene, {}, { signal: AbortSignal.abort() });
  stream.requestHeaders();
  expect(stream.requestBody(bytes("x"), false)).toMatchObject({ kind: "failed", reason: "aborted" });
});
