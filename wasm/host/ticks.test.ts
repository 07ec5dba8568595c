import { describe, expect, it } from "vitest";
import { OK_REPLY } from "./testing/fake-services.setup.ts";
import { call, filter, isPending, onReply, onRequest } from "./testing/scenes.setup.ts";
import type { GuestText } from "./testing/wat-guest.setup.ts";

/** Makes `calls` outbound calls with each tick. */
const ticking = ($: GuestText, calls: number, rest = ""): string => `
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_tick_period_milliseconds (i32.const 100))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32) ${call($).repeat(calls)})
  ${rest}`;

describe("the pending calls of a tick", () => {
  it("are reported until all of them are answered", async () => {
    const { services, instance } = filter(($) => ticking($, 2, onReply(`(call $log ${$("reply")})`)));
    expect(instance.pendingTickCalls).toBeUndefined();
    instance.tick();
    const pending = instance.pendingTickCalls;
    expect(await isPending(pending)).toBe(true);
    await services.calls[1]?.answer({ ok: false, reason: "timeout" });
    expect(await isPending(pending)).toBe(true);
    await services.calls[0]?.answer(OK_REPLY);
    await pending;
    expect(services.lines).toEqual(["reply", "reply"]);
    expect(instance.pendingTickCalls).toBeUndefined();
  });

  it("include those of an earlier tick, but not those of requests", async () => {
    const { services, instance, decide } = filter(($) => ticking($, 1, onRequest(`${call($)} (i32.const 1)`)));
    decide();
    expect(instance.pendingTickCalls).toBeUndefined();
    instance.tick();
    instance.tick();
    await services.calls[1]?.answer(OK_REPLY);
    expect(instance.pendingTickCalls).toBeDefined();
    await services.calls[2]?.answer(OK_REPLY);
    expect(instance.pendingTickCalls).toBeUndefined();
    expect(instance.pendingCalls).toBe(1);
  });

  it.each<[string, string]>([
    ["closed", ""],
    ["broken by a trap", onReply("(unreachable)")],
  ])("do not keep the embedder waiting once the filter is %s", async (_what, rest) => {
    const { services, instance } = filter(($) => ticking($, 2, rest));
    instance.tick();
    const pending = instance.pendingTickCalls;
    if (rest === "") instance.close();
    else await services.calls[0]?.answer(OK_REPLY);
    await pending;
    await services.calls[1]?.answer(OK_REPLY);
    expect(instance.pendingTickCalls).toBeUndefined();
  });
});

/** Makes a call in `on_configure`, and runs `reply` at each reply. */
const starting = ($: GuestText, reply = "", rest = ""): string => `
  (global $replies (mut i32) (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    ${call($)} (drop (call $proxy_set_tick_period_milliseconds (i32.const 100))) (i32.const 1))
  ${onReply(`(global.set $replies (i32.add (global.get $replies) (i32.const 1))) ${reply}`)}
  ${rest}`;
const AFTER_FIRST_REPLY = ($: GuestText) => `(if (i32.eq (global.get $replies) (i32.const 1)) (then ${call($)}))`;

describe("the calls of a start", () => {
  it("are reported until they and those of their replies are answered", async () => {
    const { services, instance } = filter(($) => starting($, AFTER_FIRST_REPLY($)));
    const pending = instance.pendingStartCalls;
    expect([instance.unansweredStartCalls, await isPending(pending)]).toEqual([1, true]);
    await services.calls[0]?.answer(OK_REPLY);
    expect([instance.unansweredStartCalls, await isPending(pending)]).toEqual([1, true]);
    await services.calls[1]?.answer({ ok: false, reason: "timeout" });
    await pending;
    expect([instance.unansweredStartCalls, instance.pendingStartCalls]).toEqual([0, undefined]);
  });

  it("of on_vm_start count too", async () => {
    const { services, instance } = filter(
      ($) => `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${call($)} (i32.const 1)) ${onReply("")}`,
    );
    expect(instance.unansweredStartCalls).toBe(1);
    await services.calls[0]?.answer(OK_REPLY);
    expect(instance.pendingStartCalls).toBeUndefined();
  });

  it("include those of the first tick, not of later ones or of requests", async () => {
    const { services, instance, decide } = filter(($) =>
      starting(
        $,
        "",
        `(func (export "proxy_on_tick") (param i32) ${call($)}) ${onRequest(`${call($)} (i32.const 0)`)}`,
      ),
    );
    decide();
    instance.tick();
    expect(instance.unansweredStartCalls).toBe(2);
    instance.tick();
    expect(instance.unansweredStartCalls).toBe(2);
    for (const index of [0, 2]) await services.calls[index]?.answer(OK_REPLY);
    expect([instance.pendingStartCalls, instance.pendingCalls]).toEqual([undefined, 2]);
    expect(instance.pendingTickCalls).toBeDefined();
  });

  it("that their replies make for ever stay reported, and those of later ticks' replies do not", async () => {
    const { services, instance } = filter(($) => starting($, call($), `(func (export "proxy_on_tick") (param i32))`));
    for (let reply = 0; reply < 20; reply += 1) await services.calls[reply]?.answer(OK_REPLY);
    expect(instance.unansweredStartCalls).toBe(1);
    expect(instance.pendingTickCalls).toBeUndefined();
  });

  it.each<[string, string]>([
    ["closed", ""],
    ["broken by a trap in a reply", "(unreachable)"],
  ])("do not keep the embedder waiting once the filter is %s", async (_what, reply) => {
    const { services, instance } = filter(($) => starting($, reply));
    const pending = instance.pendingStartCalls;
    if (reply === "") instance.close();
    else await services.calls[0]?.answer(OK_REPLY);
    await pending;
    expect([instance.unansweredStartCalls, instance.pendingStartCalls]).toEqual([0, undefined]);
  });
});

it("a new period replaces the old one, and 0 ends the ticks", () => {
  const { services, instance } = filter(
    ($) => `
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $proxy_set_tick_period_milliseconds (i32.const -1))) (i32.const 1))
    (func (export "proxy_on_tick") (param i32)
      (call $log ${$("tick")}) (drop (call $proxy_set_tick_period_milliseconds (i32.const 0))))`,
  );
  expect(instance.tickPeriodMs).toBe(0xffff_ffff);
  instance.tick();
  instance.tick();
  expect([services.lines, instance.tickPeriodMs]).toEqual([["tick"], 0]);
});
