import { describe, expect, it } from "vitest";
import { FilterInstance } from "./index.ts";
import { FakeServices, OK_REPLY, START } from "./testing/fake-services.setup.ts";
import { call, filter, onReply, onRequest, REQUEST, respond } from "./testing/scenes.setup.ts";
import { type GuestText, guest } from "./testing/wat-guest.setup.ts";

describe("one request", () => {
  it("passes create, request headers, done, log and delete in this order, and is decided synchronously", () => {
    const { services, decide } = filter(
      ($) => `
      (func (export "proxy_on_context_create") (param i32) (param $parent i32)
        (if (local.get $parent) (then (call $log ${$("create")}))))
      ${onRequest(`(call $log ${$("headers")}) (i32.const 0)`)}
      (func (export "proxy_on_done") (param i32) (result i32) (call $log ${$("done")}) (i32.const 1))
      (func (export "proxy_on_log") (param i32) (call $log ${$("log")}))
      (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))`,
    );
    expect(decide()).toEqual({ kind: "continue", changes: [], calls: 0, paused: false });
    expect(services.lines).toEqual(["create", "headers", "done", "log", "delete"]);
  });

  it("continues if the filter handles no request headers", () => {
    expect(filter(() => "").decide()).toMatchObject({ kind: "continue" });
  });

  it("passes the number of headers and the end of the stream", () => {
    const { services, decide } = filter(($) =>
      onRequest(
        `(if (i32.and (i32.eq (local.get $count) (i32.const 4)) (local.get $eos)) (then (call $log ${$("4, end")}))) (i32.const 0)`,
      ),
    );
    decide();
    decide({ endOfStream: false });
    expect(services.lines).toEqual(["4, end"]);
  });

  it("reports the headers it changed", () => {
    const { decide } = filter(($) =>
      onRequest(`
        (drop (call $proxy_replace_header_map_value (i32.const 0) ${$(":path")} ${$("/v2")}))
        (drop (call $proxy_add_header_map_value (i32.const 0) ${$("X-User")} ${$("ada")}))
        (drop (call $proxy_remove_header_map_value (i32.const 0) ${$("host")}))
        (i32.const 0)`),
    );
    expect(decide()).toMatchObject({
      kind: "continue",
      changes: [
        { name: ":path", values: ["/v2"] },
        { name: "x-user", values: ["ada"] },
        { name: ":authority", values: [] },
      ],
    });
  });

  it("is answered with a local response although the callback returns continue, and the first one counts", () => {
    const { decide } = filter(($) =>
      onRequest(`${respond($, 401, "missing_credential")} ${respond($, 200, "too late")} (i32.const 0)`),
    );
    expect(decide()).toEqual({
      kind: "respond",
      status: 401,
      headers: [],
      body: new TextEncoder().encode("no"),
      details: "missing_credential",
      calls: 0,
      paused: false,
    });
  });

  it("is refused when its local response cannot be sent, even if the filter ignores that and continues", () => {
    const { decide } = filter(($) => onRequest(`${respond($, 99, "no such status")} (i32.const 0)`));
    expect(decide()).toMatchObject({ kind: "failed", reason: "invalid_local_response" });
  });

  it("is refused when the filter closes the stream", () => {
    const { decide } = filter(() => onRequest(`(drop (call $proxy_close_stream (i32.const 0))) (i32.const 0)`));
    expect(decide()).toMatchObject({ kind: "failed", reason: "stream_closed" });
  });
});

describe("calls into the guest", () => {
  it("never nest: the guest's requests take effect after it has returned", async () => {
    const { services, decide } = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0))
      ${onRequest(`(global.set $stream (local.get $id)) ${call($)} (i32.const 1)`)}
      ${onReply(`
        (drop (call $proxy_set_effective_context (global.get $stream)))
        (drop (call $proxy_continue_stream (i32.const 0)))
        (call $log ${$("reply ends")})`)}
      (func (export "proxy_on_done") (param i32) (result i32) (call $log ${$("done")}) (i32.const 1))`,
    );
    const decision = decide();
    await services.calls[0]?.answer(OK_REPLY);
    await decision;
    expect(services.lines).toEqual(["reply ends", "done"]);
  });

  it("still deliver a reply when the stream that made the call is gone", async () => {
    const { services, decide, instance } = filter(
      ($) => `
      ${onRequest(`${call($)} (i32.const 0)`)}
      ${onReply(`
        (call $log ${$("reply")})
        (if (i32.eq (call $proxy_set_effective_context (i32.const 2)) (i32.const 2)) (then (call $log ${$("unknown")})))
        (drop (call $proxy_continue_stream (i32.const 0)))
        ${respond($, 403, "late")}`)}`,
    );
    expect(decide()).toMatchObject({ kind: "continue", calls: 1 });
    await services.calls[0]?.answer(OK_REPLY);
    expect(services.lines).toEqual(["reply", "unknown"]);
    expect(instance.failure).toBeUndefined();
  });

  it("forget the effective context when they return", async () => {
    const { services, decide } = filter(
      ($) => `
      (global $stream (mut i32) (i32.const 0))
      ${onRequest(`(global.set $stream (local.get $id)) ${call($)} ${call($)} (i32.const 1)`)}
      ${onReply(`
        (if (i32.eqz (call $proxy_get_property ${$("request\0path")} (i32.const 0) (i32.const 4)))
          (then (call $log ${$("still effective")})))
        (drop (call $proxy_set_effective_context (global.get $stream)))
        (if (i32.eqz (call $proxy_get_property ${$("request\0path")} (i32.const 0) (i32.const 4)))
          (then (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4)))))`)}`,
    );
    decide();
    await services.calls[0]?.answer(OK_REPLY);
    await services.calls[1]?.answer(OK_REPLY);
    expect(services.lines).toEqual(["/orders?id=1", "/orders?id=1"]);
  });

  it("cannot be made by the embedder from within its services", () => {
    const services = new FakeServices();
    const instances: FilterInstance[] = [];
    const module = guest(($) => onRequest(`(call $log ${$("hello")}) (i32.const 0)`));
    instances.push(FilterInstance.start(module, services, START));
    services.log = (_level, message) => {
      if (message === "hello") instances[0]?.decide(REQUEST);
    };
    expect(instances[0]?.decide(REQUEST)).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instances[0]?.failure?.message).toContain("from within HostServices");
  });
});

describe("a stream whose on_done returns false", () => {
  const waitingForDone = ($: GuestText): string => `
    (global $stream (mut i32) (i32.const 0))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 100))) (i32.const 1))
    ${onRequest(`(global.set $stream (local.get $id)) (i32.const 0)`)}
    (func (export "proxy_on_done") (param $id i32) (result i32)
      (if (i32.eq (call $proxy_done) (i32.const 1)) (then (call $log ${$("not pending yet")})))
      (i32.const 0))
    (func (export "proxy_on_tick") (param i32)
      (drop (call $proxy_set_effective_context (global.get $stream)))
      (if (i32.eqz (call $proxy_done)) (then (call $log ${$("proxy_done")})) (else (call $log ${$("nothing pending")}))))
    (func (export "proxy_on_log") (param i32) (call $log ${$("log")}))
    (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))`;

  it("is decided at once, and logged and deleted when the filter calls proxy_done", () => {
    const { services, instance, decide } = filter(waitingForDone);
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(services.lines).toEqual(["not pending yet"]);
    expect(instance.openStreams).toBe(0);
    instance.tick();
    instance.tick();
    expect(services.lines).toEqual(["not pending yet", "proxy_done", "log", "delete", "nothing pending"]);
  });

  it("is logged and deleted when the instance is closed instead", () => {
    const { services, instance, decide } = filter(waitingForDone);
    decide();
    services.lines.length = 0;
    instance.close();
    expect(services.lines.slice(0, 2)).toEqual(["log", "delete"]);
  });
});

describe("ticks", () => {
  it("reach the root only after the filter set a period, and may make outbound calls", () => {
    const { services, instance } = filter(
      ($) => `
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 250))) (i32.const 1))
      (func (export "proxy_on_tick") (param $root i32) ${call($)}
        (if (i32.eq (local.get $root) (i32.const 1)) (then
          (call $log ${$("tick")})
          (drop (call $proxy_set_tick_period_milliseconds (i32.const 0))))))`,
    );
    expect(instance.tickPeriodMs).toBe(250);
    instance.tick();
    instance.tick();
    expect(services.lines).toEqual(["tick"]);
    expect([instance.pendingCalls, instance.outboundCalls]).toEqual([1, 1]);
  });
});

it("a filter of ABI 0.1.0 gets two parameters, empty texts for missing headers, and its own functions to continue", async () => {
  const { services, decide } = filter(
    ($) => `
    (global $stream (mut i32) (i32.const 0))
    (func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (result i32)
      (if (i32.eqz (call $proxy_get_header_map_value (i32.const 0) ${$("absent")} (i32.const 0) (i32.const 4)))
        (then (call $log ${$("OK and empty")})))
      (global.set $stream (local.get $id)) ${call($)} (i32.const 1))
    ${onReply(`
      (drop (call $proxy_set_effective_context (global.get $stream)))
      (drop (call $proxy_continue_request))`)}`,
    { abi: "0_1_0" },
  );
  const decision = decide();
  await services.calls[0]?.answer(OK_REPLY);
  expect(await decision).toMatchObject({ kind: "continue" });
  expect(services.lines).toEqual(["OK and empty"]);
});
