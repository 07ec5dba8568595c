import { describe, expect, it } from "vitest";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import { call, filter, onReply, onRequest, respond } from "./testing/scenes.setup.ts";
import type { GuestText } from "./testing/wat-guest.setup.ts";

/** Pauses the first request; the test decides what happens with the second. */
const failingSecond = ($: GuestText, second: string): string => `
  (global $requests (mut i32) (i32.const 0))
  ${onRequest(`
    (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
    (if (i32.eq (global.get $requests) (i32.const 2)) (then ${second}))
    ${call($)}
    (i32.const 1)`)}`;

describe("a trap", () => {
  it("fails the request, every other waiting request, and the instance for good", async () => {
    const { services, instance, decide } = filter(($) => failingSecond($, "(unreachable)"));
    const waiting = decide();
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap", paused: false });
    expect(await waiting).toMatchObject({ kind: "failed", reason: "trap", calls: 1, paused: true });
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure?.reason).toBe("trap");
    expect([instance.openStreams, instance.pendingCalls]).toEqual([0, 0]);
    expect(services.levels.at(-1)).toBe("critical");
  });

  it("brings the filter's last lines along, for every request that it fails", async () => {
    const said = (text: string, $: GuestText) => `(drop (call $proxy_log (i32.const 4) ${$(text)}))`;
    const { decide } = filter(($) => failingSecond($, `${said("no such key", $)} (unreachable)`));
    const waiting = decide();
    expect(decide()).toMatchObject({ reason: "trap", lastLines: ["error: no such key"] });
    expect(await waiting).toMatchObject({ reason: "trap", lastLines: ["error: no such key"] });
  });

  it("fails the request even if a local response was sent before", () => {
    const { decide } = filter(($) => onRequest(`${respond($, 200, "")} (unreachable)`));
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
  });

  it("in the creation of a stream prevents the call of on_request_headers", () => {
    const { services, decide } = filter(
      ($) => `
      (func (export "proxy_on_context_create") (param i32) (param $parent i32)
        (if (local.get $parent) (then (unreachable))))
      ${onRequest(`(call $log ${$("asked")}) (i32.const 0)`)}`,
    );
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(services.lines).not.toContain("asked");
  });

  it("in a reply fails the request that waited for it", async () => {
    const { services, instance, decide } = filter(
      ($) => `${onRequest(`${call($)} ${call($)} (i32.const 1)`)} ${onReply("(unreachable)")}`,
    );
    const waiting = decide();
    await services.calls[0]?.answer(OK_REPLY);
    expect(await waiting).toMatchObject({ kind: "failed", reason: "trap", calls: 2 });
    await services.calls[1]?.answer(OK_REPLY);
    expect(instance.failure?.reason).toBe("trap");
  });

  it("in a tick fails the requests that wait", async () => {
    const { instance, decide } = filter(
      ($) => `
      ${failingSecond($, "")}
      (func (export "proxy_on_tick") (param i32) (unreachable))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $proxy_set_tick_period_milliseconds (i32.const 1)) (i32.const 1) (i32.or))`,
    );
    const waiting = decide();
    instance.tick();
    expect(await waiting).toMatchObject({ kind: "failed", reason: "trap" });
  });

  it.each(["proxy_on_log", "proxy_on_delete"])("in %s does not change the decision", (callback) => {
    const { instance, decide } = filter(() => `(func (export "${callback}") (param i32) (unreachable))`);
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(instance.failure?.reason).toBe("trap");
    expect(decide()).toMatchObject({ kind: "failed" });
  });

  it("in on_done does not change the decision, and ends the callbacks", () => {
    const { services, decide } = filter(
      ($) => `
      (func (export "proxy_on_done") (param i32) (result i32) (unreachable))
      (func (export "proxy_on_log") (param i32) (call $log ${$("log")}))`,
    );
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(services.lines).not.toContain("log");
  });

  it("in the allocator is the guest's trap, wherever the allocator was called", () => {
    const { instance, decide } = filter(
      ($) =>
        onRequest(`
        (drop (call $proxy_get_header_map_value (i32.const 0) ${$(":path")} (i32.const 0) (i32.const 4))) (i32.const 0)`),
      { allocate: "(unreachable)" },
    );
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure?.reason).toBe("trap");
  });

  it("through endless recursion via the host is one too", () => {
    const { decide } = filter(
      ($) =>
        onRequest(`
        (drop (call $proxy_get_header_map_value (i32.const 0) ${$(":path")} (i32.const 0) (i32.const 4))) (i32.const 0)`),
      { allocate: "(call $allocate (local.get $size))" },
    );
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
  });

  it("while closing is tolerated, since some SDKs cannot handle on_done for the root", () => {
    const { instance } = filter(() => `(func (export "proxy_on_done") (param i32) (result i32) (unreachable))`);
    expect(() => instance.close()).not.toThrow();
    expect(() => instance.close()).not.toThrow();
  });
});

describe("proc_exit", () => {
  it("ends the filter with its own reason", () => {
    const { instance, decide } = filter(() => onRequest(`(call $proc_exit (i32.const 255)) (i32.const 0)`));
    expect(decide()).toMatchObject({ kind: "failed", reason: "proc_exit" });
    expect(instance.failure?.message).toContain("255");
  });

  it("cannot be caught by a guest with exception handling", () => {
    const { decide } = filter(() => onRequest(`(try (do (call $proc_exit (i32.const 0))) (catch_all)) (i32.const 0)`));
    expect(decide()).toMatchObject({ kind: "failed", reason: "proc_exit" });
  });
});

it("a request that the filter closes has the lines about it, and no others", () => {
  const { decide } = filter(($) =>
    onRequest(`
      (if (i32.eq (local.get $id) (i32.const 2)) (then (call $log ${$("of the first")}) (return (i32.const 0))))
      (call $log ${$("of the second")}) (drop (call $proxy_close_stream (i32.const 0))) (i32.const 0)`),
  );
  decide();
  expect(decide()).toMatchObject({ reason: "stream_closed", lastLines: ["info: of the second"] });
});

describe("a request for which the filter asks in vain", () => {
  const inVain = (rest = "") => onRequest(`(drop (call $proxy_grpc_cancel (i32.const 1))) ${rest} (i32.const 0)`);

  it("is marked whether it passes or is refused; others are not", () => {
    const passing = filter(() => inVain());
    expect(passing.decide()).toMatchObject({ kind: "continue", unserved: true });
    const refusing = filter(($) => inVain(respond($, 403, "")));
    expect(refusing.decide()).toMatchObject({ kind: "respond", unserved: true });
    const other = filter(() => onRequest("(i32.const 0)"));
    expect(other.decide()).not.toHaveProperty("unserved");
  });

  it("is marked too if it does so in the reply to a call, for that stream only", async () => {
    const { services, decide } = filter(
      ($) => `
      ${onRequest(`${call($)} (i32.const 1)`)}
      ${onReply(`
        (drop (call $proxy_set_effective_context (i32.const 2)))
        (drop (call $proxy_grpc_cancel (i32.const 1)))
        (drop (call $proxy_continue_stream (i32.const 0)))
        (drop (call $proxy_set_effective_context (i32.const 3)))
        (drop (call $proxy_continue_stream (i32.const 0)))`)}`,
    );
    const [first, second] = [decide(), decide()];
    await services.calls[0]?.answer(OK_REPLY);
    expect(await first).toMatchObject({ kind: "continue", unserved: true });
    expect(await second).not.toHaveProperty("unserved");
  });
});

describe("every request of a filter that calls a missing cluster", () => {
  const callMissing = ($: GuestText) =>
    call($).replace(/proxy_http_call \(i32\.const \d+\) \(i32\.const \d+\)/, `proxy_http_call ${$("missing")}`);
  const lets = onRequest("(i32.const 0)");
  const onConfigure = (body: string) =>
    `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${body} (i32.const 1))`;
  const onTick = (body: string) => `(func (export "proxy_on_tick") (param i32) ${body})`;
  const everySecond = "(drop (call $proxy_set_tick_period_milliseconds (i32.const 1000)))";

  it("at its start is marked", () => {
    const { decide } = filter(($) => `${onConfigure(callMissing($))} ${lets}`);
    expect([decide(), decide()]).toMatchObject([{ unserved: true }, { unserved: true }]);
  });

  it("in a reply to a call of its start is marked", async () => {
    const { decide, services } = filter(($) => `${onConfigure(call($))} ${onReply(callMissing($))} ${lets}`);
    expect(decide()).not.toHaveProperty("unserved");
    await services.calls[0]?.answer(OK_REPLY);
    expect(decide()).toMatchObject({ unserved: true });
  });

  it("in a tick is marked", () => {
    const { instance, decide } = filter(($) => `${onConfigure(everySecond)} ${onTick(callMissing($))} ${lets}`);
    expect(decide()).not.toHaveProperty("unserved");
    instance.tick();
    expect(decide()).toMatchObject({ unserved: true });
  });

  it("in the reply to another request's call is not marked, nor that of a foreign function at the start", async () => {
    const { decide, services } = filter(
      ($) => `
      ${onConfigure(`(drop (call $proxy_call_foreign_function ${$("hello")} ${$("")} (i32.const 0) (i32.const 0)))`)}
      ${onRequest(`(if (i32.eq (local.get $id) (i32.const 2)) (then ${call($)})) (i32.const 0)`)}
      ${onReply(callMissing($))}`,
    );
    decide();
    await services.calls[0]?.answer(OK_REPLY);
    expect(decide()).not.toHaveProperty("unserved");
  });
});
