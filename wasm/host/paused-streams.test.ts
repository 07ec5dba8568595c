import { describe, expect, it } from "vitest";
import { type Decision, HOST_LIMITS } from "./index.ts";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import { call, filter, onReply, onRequest, pausing, respond } from "./testing/scenes.setup.ts";

async function pending(decision: Decision | Promise<Decision>): Promise<boolean> {
  if (!(decision instanceof Promise)) return false;
  return Promise.race([decision.then(() => false), new Promise<boolean>((done) => setTimeout(() => done(true), 5))]);
}

describe("a paused request", () => {
  it.each([1, 2, 3, 4, -1])("waits at every action except continue: %i", async (action) => {
    const { instance, decide } = filter(() => onRequest(`(i32.const ${action})`));
    expect(await pending(decide())).toBe(true);
    expect(instance.openStreams).toBe(1);
  });

  it("is not continued by a resume that the guest requested before it paused", async () => {
    const { decide } = filter(
      () => `
      (func (export "proxy_on_context_create") (param i32 i32) (drop (call $proxy_continue_stream (i32.const 0))))
      ${onRequest("(i32.const 1)")}`,
    );
    expect(await pending(decide())).toBe(true);
  });

  it("continues when the reply to its call arrives, and the guest can read the reply", async () => {
    const { services, instance, decide } = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0))
      ${onRequest(`(global.set $stream (local.get $id)) ${call($, "hello")} (i32.const 1)`)}
      ${onReply(`
        (drop (call $proxy_get_header_map_value (i32.const 6) ${$("x-user")} (i32.const 0) (i32.const 4)))
        (drop (call $proxy_get_buffer_bytes (i32.const 4) (i32.const 0) (local.get $body) (i32.const 8) (i32.const 12)))
        (call $log (i32.load (i32.const 8)) (i32.load (i32.const 12)))
        (drop (call $proxy_set_effective_context (global.get $stream)))
        (drop (call $proxy_replace_header_map_value
          (i32.const 0) ${$("x-user")} (i32.load (i32.const 0)) (i32.load (i32.const 4))))
        (drop (call $proxy_continue_stream (i32.const 0)))`)}`,
    );
    const decision = decide();
    expect(services.calls).toMatchObject([
      { cluster: "auth", timeoutMs: 500, body: new TextEncoder().encode("hello"), trailers: [] },
    ]);
    expect([instance.openStreams, instance.pendingCalls, instance.outboundCalls]).toEqual([1, 1, 1]);
    await services.calls[0]?.answer(OK_REPLY);
    expect(await decision).toEqual({
      kind: "continue",
      changes: [{ name: "x-user", values: ["ada"] }],
      calls: 1,
      paused: true,
    });
    expect(services.lines).toEqual(["reply body"]);
    expect([instance.openStreams, instance.pendingCalls, instance.outboundCalls]).toEqual([0, 0, 1]);
  });

  it("continues if the filter requested that before it returned pause", () => {
    const { decide } = filter(() => onRequest(`(drop (call $proxy_continue_stream (i32.const 0))) (i32.const 1)`));
    expect(decide()).toMatchObject({ kind: "continue", paused: false });
  });

  it("sees a failed call as a reply without headers and status 11 with the reason", async () => {
    const { services, decide } = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0))
      ${onRequest(`(global.set $stream (local.get $id)) ${call($)} (i32.const 1)`)}
      ${onReply(`
        (drop (call $proxy_get_status (i32.const 0) (i32.const 4) (i32.const 8)))
        (if (i32.and (i32.eqz (local.get $headers)) (i32.eq (i32.load (i32.const 0)) (i32.const 11)))
          (then (call $log (i32.load (i32.const 4)) (i32.load (i32.const 8)))))
        (drop (call $proxy_set_effective_context (global.get $stream)))
        ${respond($, 503, "down")}`)}`,
    );
    const decision = decide();
    await services.calls[0]?.answer({ ok: false, reason: "timeout" });
    expect(services.lines).toEqual(["timeout"]);
    expect(await decision).toMatchObject({ kind: "respond", status: 503, details: "down", paused: true, calls: 1 });
  });

  it("may wait for several calls, with replies in any order", async () => {
    const { services, decide } = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0)) (global $left (mut i32) (i32.const 3))
      ${onRequest(`(global.set $stream (local.get $id)) ${call($, "a")} ${call($, "b")} ${call($, "c")} (i32.const 1)`)}
      ${onReply(`
        (global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (if (i32.eqz (global.get $left)) (then
          (drop (call $proxy_set_effective_context (global.get $stream)))
          (drop (call $proxy_continue_stream (i32.const 0)))))`)}`,
    );
    const decision = decide();
    await services.calls[2]?.answer(OK_REPLY);
    await services.calls[0]?.answer(OK_REPLY);
    expect(await pending(decision)).toBe(true);
    await services.calls[1]?.answer(OK_REPLY);
    expect(await decision).toMatchObject({ kind: "continue", calls: 3 });
  });

  it("may be continued by the reply to another request's call, as in coalescing filters", async () => {
    const { services, decide } = filter(
      ($) => `
      (global $first (mut i32) (i32.const 0))
      ${onRequest(`(if (i32.eqz (global.get $first)) (then (global.set $first (local.get $id)) ${call($)})) (i32.const 1)`)}
      ${onReply(`
        (drop (call $proxy_set_effective_context (global.get $first)))
        (drop (call $proxy_continue_stream (i32.const 0)))
        (drop (call $proxy_set_effective_context (i32.add (global.get $first) (i32.const 1))))
        (drop (call $proxy_continue_stream (i32.const 0)))`)}`,
    );
    const both = [decide(), decide()];
    expect(services.calls).toHaveLength(1);
    await services.calls[0]?.answer(OK_REPLY);
    expect(await Promise.all(both)).toMatchObject([
      { kind: "continue", calls: 1 },
      { kind: "continue", calls: 0 },
    ]);
  });

  it("is aborted by the embedder's signal, and its reply is ignored", async () => {
    const { services, instance, decide } = filter(pausing);
    const abort = new AbortController();
    const decision = decide({ signal: abort.signal });
    abort.abort();
    expect(await decision).toMatchObject({ kind: "failed", reason: "aborted", calls: 1 });
    expect(services.lines).toEqual(["deleted"]);
    await services.calls[0]?.answer(OK_REPLY);
    expect(instance.failure).toBeUndefined();
    expect(instance.openStreams).toBe(0);
  });

  it("is aborted at once if the signal was already aborted", async () => {
    const { decide } = filter(pausing);
    expect(await decide({ signal: AbortSignal.abort() })).toMatchObject({ kind: "failed", reason: "aborted" });
  });

  it("can be aborted from within the embedder's services, while the guest runs", async () => {
    const { services, decide } = filter(($) => onRequest(`(call $log ${$("asked")}) (i32.const 1)`));
    const abort = new AbortController();
    const waiting = decide({ signal: abort.signal });
    services.log = () => abort.abort();
    decide();
    expect(await waiting).toMatchObject({ kind: "failed", reason: "aborted" });
  });

  it("fails when the instance is closed", async () => {
    const { instance, decide } = filter(pausing);
    const decision = decide();
    instance.close();
    expect(await decision).toMatchObject({ kind: "failed", reason: "closed" });
    expect(decide()).toMatchObject({ kind: "failed", reason: "closed" });
  });

  it("is refused at once if too many are already waiting", () => {
    const { decide, instance } = filter(() => onRequest("(i32.const 1)"));
    for (let index = 0; index < HOST_LIMITS.openStreams; index++) decide();
    expect(decide()).toMatchObject({ kind: "failed", reason: "too_many_streams" });
    expect(instance.openStreams).toBe(HOST_LIMITS.openStreams);
  });
});
