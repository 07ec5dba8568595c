import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS, type Callback } from "./puppet/abi-table.ts";
import { returning, type Script } from "./puppet/director.ts";
import { Action } from "./puppet/numbers.ts";
import { bytes, REQUEST, settled, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [[":status", "200"]];

/** Rules 19 (traps fail the VM, closed) and 20 (traps while an instance is closed). */
describe.each(ABI_VERSIONS)("a filter of ABI %s that traps", (abi) => {
  const trap: Script = (guest) => guest.trap();
  const trapping = (callback: Callback) => startPuppet(abi, { [callback]: trap });

  it("in request headers fails the request, and is never called again", async () => {
    const { director, instance, decide } = trapping("request_headers");
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure).toMatchObject({ reason: "trap" });
    const count = director.events.length;
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    instance.tick();
    instance.close();
    await settled();
    expect(director.events).toHaveLength(count);
  });

  it("in the request's body fails it", async () => {
    const { open } = trapping("request_body");
    const stream = open();
    await stream.requestHeaders();
    expect(await stateOf(stream.requestBody(bytes("x"), false))).toMatchObject({ kind: "failed", reason: "trap" });
    stream.end();
  });

  it("in response headers fails the response", async () => {
    const { open } = trapping("response_headers");
    const stream = open();
    await stream.requestHeaders();
    expect(await stateOf(stream.responseHeaders(STATUS_200, true))).toMatchObject({ kind: "failed", reason: "trap" });
    stream.end();
  });

  it("in the response's body fails the rest of it", async () => {
    const { open } = trapping("response_body");
    const stream = open();
    await stream.requestHeaders();
    await stream.responseHeaders(STATUS_200, false);
    expect(await stateOf(stream.responseBody(bytes("x"), true))).toMatchObject({ kind: "failed", reason: "trap" });
    stream.end();
  });

  it.each(["log", "delete", "done"] as const)("in on_%s keeps its decision, and fails from then on", (callback) => {
    const { instance, decide } = trapping(callback);
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(instance.failure).toMatchObject({ reason: "trap" });
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
  });

  it("fails every open stream with it", async () => {
    const { instance, director, open } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      request_headers: returning(Action.PAUSE),
      *tick(guest) {
        yield* guest.trap();
      },
    });
    const waiting = [open(), open(), open()].map((stream) => stream.requestHeaders());
    expect(await stateOf(waiting[0]!)).toBe("waiting");
    instance.tick();
    for (const outcome of waiting) expect(await stateOf(outcome)).toMatchObject({ kind: "failed", reason: "trap" });
    expect(director.events.at(-1)).toBe("tick(1)");
  });

  it("in a reply fails the request that waited for it", async () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
        return Action.PAUSE;
      },
      *http_call_response(guest) {
        yield* guest.trap();
      },
    });
    const waiting = decide();
    await director.calls[0]?.answer(OK_REPLY);
    expect(await stateOf(waiting)).toMatchObject({ kind: "failed", reason: "trap" });
  });

  it("after a refusal is still a failure, never a pass", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.respond(403);
        yield* guest.trap();
      },
    });
    expect(["respond", "failed"]).toContain(Reflect.get(decide(), "kind"));
  });

  it("through a stack overflow is a trap like others", () => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.exhaustStack();
      },
    });
    expect(decide()).toMatchObject({ kind: "failed", reason: "trap" });
    expect(instance.failure?.message).toMatch(/RangeError|stack/);
  });

  it.each([0, 1, 255])("by proc_exit(%i) is named so", (code) => {
    const { instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.exit(code);
      },
    });
    expect(decide()).toMatchObject({ kind: "failed", reason: "proc_exit" });
    expect(instance.failure).toMatchObject({ reason: "proc_exit" });
  });

  it.each(["done", "log", "delete"] as const)("in on_%s of its root, as SDKs do, can be replaced", (callback) => {
    const exit: Script = (guest) => guest.exit(255);
    const { instance, director } = startPuppet(abi, { [callback]: exit });
    expect(() => instance.close()).not.toThrow();
    const next = startPuppet(abi, {}, { shared: director.shared });
    expect(next.decide()).toMatchObject({ kind: "continue" });
  });

  it("keeps its memory size and its streams consistent when it is closed", async () => {
    const { instance, open } = trapping("request_headers");
    const stream = open();
    await stream.requestHeaders();
    stream.end();
    const before = instance.allocatedBytes;
    instance.close();
    expect(instance.allocatedBytes).toBe(before);
    expect([instance.openStreams, instance.pendingCalls]).toEqual([0, 0]);
    expect(instance.decide(REQUEST)).toMatchObject({ kind: "failed" });
  });
});
