import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import { bytes, call, exchange, filter, onBody, onReply, onRequest, REMEMBER } from "./testing/scenes.setup.ts";
import type { GuestText } from "./testing/wat-guest.setup.ts";

/** Its streams wait for proxy_done; `release` calls it for the remembered stream. */
const deferring = ($: GuestText, rest: string): string => `
  (global $stream (mut i32) (i32.const 0))
  (func $release
    (drop (call $proxy_set_effective_context (global.get $stream)))
    (if (i32.eqz (call $proxy_done)) (then (call $log ${$("released")}))))
  (func (export "proxy_on_done") (param $id i32) (result i32) (call $log ${$("done")})
    (i32.ne (local.get $id) (global.get $stream)))
  (func (export "proxy_on_log") (param i32) (call $log ${$("log")}))
  (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_tick_period_milliseconds (i32.const 1)))
    (drop (call $proxy_register_shared_queue ${$("q")} (i32.const 64))) (i32.const 1))
  ${rest}`;

/** The log after the release: all lines come after the callback has returned. */
const AFTERWARDS = ["released", "returns", "log", "delete"];

describe("a stream that waits for proxy_done is logged and deleted after its call", () => {
  it("in the reply to its call, although the stream has ended", async () => {
    const { services, ...scene } = filter(($) =>
      deferring(
        $,
        `${onRequest(`${REMEMBER} ${call($)} (i32.const 0)`)} ${onReply(`(call $release) (call $log ${$("returns")})`)}`,
      ),
    );
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.end();
    expect(services.lines.splice(0)).toEqual(["done"]);
    await services.calls[0]?.answer(OK_REPLY);
    expect(services.lines).toEqual(AFTERWARDS);
  });

  it("in a tick", () => {
    const { services, instance } = filter(($) =>
      deferring(
        $,
        `${onRequest(`${REMEMBER} (i32.const 0)`)}
        (func (export "proxy_on_tick") (param i32) (call $release) (call $log ${$("returns")}))`,
      ),
    );
    const stream = exchange({ instance });
    stream.requestHeaders();
    stream.end();
    services.lines.length = 0;
    instance.tick();
    expect(services.lines).toEqual(AFTERWARDS);
  });

  it("in a callback of another stream", () => {
    const { services, ...scene } = filter(($) =>
      deferring(
        $,
        `${onRequest(`(if (i32.eqz (global.get $stream)) (then ${REMEMBER})) (i32.const 0)`)}
        ${onBody("request", `(call $release) (call $log ${$("returns")}) (i32.const 0)`)}`,
      ),
    );
    const [first, second] = [exchange(scene), exchange(scene)];
    first.requestHeaders();
    first.end();
    second.requestHeaders();
    services.lines.length = 0;
    second.requestBody(bytes("x"), false);
    expect(services.lines).toEqual(AFTERWARDS);
  });

  it("when its queue gets a message", async () => {
    const { services, ...scene } = filter(($) =>
      deferring(
        $,
        `${onRequest(`${REMEMBER} (drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 64)) ${$("m")})) (i32.const 0)`)}
        (func (export "proxy_on_queue_ready") (param i32 i32) (call $release) (call $log ${$("returns")}))`,
      ),
    );
    const stream = exchange(scene);
    stream.requestHeaders();
    stream.end();
    services.lines.length = 0;
    await Promise.resolve();
    expect(services.lines).toEqual(AFTERWARDS);
  });
});

it("a stream that waits for proxy_done is no longer active", async () => {
  const { services, instance } = filter(($) =>
    deferring(
      $,
      `${onRequest(`${REMEMBER} (i32.const 1)`)} (func (export "proxy_on_tick") (param i32)
      (drop (call $proxy_set_effective_context (global.get $stream)))
      (drop (call $proxy_continue_stream (i32.const 0)))
      (drop (call $proxy_add_header_map_value (i32.const 0) ${$("x")} ${$("y")})))`,
    ),
  );
  const stream = exchange({ instance });
  const decision = stream.requestHeaders();
  stream.end();
  instance.tick();
  expect(await decision).toMatchObject({ kind: "failed", reason: "aborted" });
  expect(services.lines).toEqual(["done"]);
  expect(instance.openStreams).toBe(0);
});

describe("a guest that never says it is done", () => {
  it("loses its oldest stream, which makes room for new ones", () => {
    const { services, ...scene } = filter(
      ($) => `
        (func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))
        (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))`,
    );
    for (let n = 0; n < HOST_LIMITS.streamsAwaitingDone; n++)
      expect(scene.decide()).toMatchObject({ kind: "continue" });
    expect(services.lines).toEqual([]);
    expect(scene.decide()).toMatchObject({ kind: "continue" });
    expect(services.lines).toEqual([expect.stringMatching(/never called proxy_done/), "delete"]);
  });

  it("because it declares no result counts as done", () => {
    const { services, ...scene } = filter(
      ($) => `
        (func (export "proxy_on_done") (param i32))
        (func (export "proxy_on_delete") (param i32) (call $log ${$("delete")}))`,
    );
    scene.decide();
    expect(services.lines).toEqual(["delete"]);
  });
});
