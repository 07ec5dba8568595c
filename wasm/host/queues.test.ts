import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import { FilterInstance } from "./index.ts";
import { FakeServices, START } from "./testing/fake-services.setup.ts";
import { onRequest, REQUEST } from "./testing/scenes.setup.ts";
import { type GuestText, guest } from "./testing/wat-guest.setup.ts";

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/** Registers a queue at its start (its id goes to address 64) and enqueues a message with every request. */
const queueing = ($: GuestText, onReady: string, perRequest = 1): string => `
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_register_shared_queue ${$("jobs")} (i32.const 64))) (i32.const 1))
  ${onRequest(`
    ${`(drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 64)) ${$("job")}))`.repeat(perRequest)}
    (call $log ${$("asked")}) (i32.const 0)`)}
  (func $take (if (i32.eqz
      (call $proxy_dequeue_shared_queue (i32.load (i32.const 64)) (i32.const 0) (i32.const 4)))
    (then (call $log (i32.load (i32.const 0)) (i32.load (i32.const 4))))))
  (func (export "proxy_on_queue_ready") (param $root i32) (param $queue i32) ${onReady})`;

function start(onReady: string | (($: GuestText) => string), perRequest = 1, services = new FakeServices()) {
  const body = ($: GuestText): string => (typeof onReady === "string" ? onReady : onReady($));
  const instance = FilterInstance.start(
    guest(($) => queueing($, body($), perRequest)),
    services,
    START,
  );
  return { services, instance };
}

describe("a message in a shared queue", () => {
  it("is reported to the root of the filter that registered the queue, after the guest has returned", async () => {
    const { services, instance } = start(
      ($) => `(if (i32.and (i32.eq (local.get $root) (i32.const 1))
        (i32.eq (local.get $queue) (i32.load (i32.const 64)))) (then (call $log ${$("ready")}) (call $take)))`,
      2,
    );
    instance.decide(REQUEST);
    expect(services.lines).toEqual(["asked"]);
    await turn();
    expect(services.lines).toEqual(["asked", "ready", "job", "ready", "job"]);
  });

  it("survives a restart, and is reported to the next instance", async () => {
    const { services, instance } = start("");
    instance.decide(REQUEST);
    await turn();
    instance.close();
    services.lines.length = 0;
    start("(call $take)", 1, services);
    await turn();
    expect(services.lines).toEqual(["job"]);
  });

  it("is not reported once the filter is closed or has failed", async () => {
    const first = start("(call $take)");
    first.instance.decide(REQUEST);
    first.instance.close();
    const second = start("(call $take) (unreachable)", 3);
    second.instance.decide(REQUEST);
    await turn();
    expect(first.services.lines).toEqual(["asked"]);
    expect(second.services.lines.filter((line) => line === "job")).toHaveLength(1);
    expect(second.instance.failure?.reason).toBe("trap");
  });

  it("does not block everything else if the filter always enqueues another", async () => {
    const { services, instance } = start(
      ($) => `(call $take) (drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 64)) ${$("job")}))`,
    );
    instance.decide(REQUEST);
    await turn();
    expect(services.lines.filter((line) => line === "job")).toHaveLength(HOST_LIMITS.queueEventsInARow);
    instance.close();
  });
});
