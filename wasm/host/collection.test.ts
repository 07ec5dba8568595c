import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FilterInstance, type HttpStream } from "./index.ts";
import { FakeServices, OK_REPLY, START } from "./testing/fake-services.setup.ts";
import { bytes, exchange, onBody, onRequest, pausing, REQUEST } from "./testing/scenes.setup.ts";
import { guest } from "./testing/wat-guest.setup.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Runs `use` on a filter; returns true if its linear memory is collected afterwards. */
async function isCollectedAfter(
  module: WebAssembly.Module,
  use: (instance: FilterInstance, services: FakeServices) => unknown,
): Promise<boolean> {
  let collected = false;
  const registry = new FinalizationRegistry<string>(() => {
    collected = true;
  });
  const services = new FakeServices();
  // The instance itself stays alive: an embedder may keep it, in a list of past generations for example.
  const kept = FilterInstance.start(module, services, {
    ...START,
    memoryWatch: { began: (_, register) => register(registry, "memory"), failed: () => {} },
  });
  await use(kept, services);
  for (let attempt = 0; attempt < 20 && !collected; attempt++) {
    if (typeof collectGarbage === "function") collectGarbage();
    await new Promise((done) => setTimeout(done, 2));
  }
  expect(kept.openStreams).toBe(0);
  return collected;
}

describe("the memory of a filter", () => {
  it("stays while the filter is open", async () => {
    expect(
      await isCollectedAfter(
        guest(() => ""),
        (instance) => instance.decide(REQUEST),
      ),
    ).toBe(false);
  });

  it("can be collected once it is closed, although calls are pending and their replies arrive", async () => {
    const late = async (instance: FilterInstance, services: FakeServices): Promise<void> => {
      const decision = instance.decide(REQUEST);
      instance.close();
      await decision;
      expect(instance.allocatedBytes).toBe(65_536);
      await services.calls[0]?.answer(OK_REPLY);
    };
    expect(await isCollectedAfter(guest(pausing), late)).toBe(true);
  });

  it("can be collected after a trap, although the error would keep the guest's frames", async () => {
    const module = guest(() => onRequest("(unreachable)"));
    const trap = (instance: FilterInstance): void => {
      instance.decide(REQUEST);
      expect(instance.failure?.reason).toBe("trap");
      instance.close();
    };
    expect(await isCollectedAfter(module, trap)).toBe(true);
  });

  it("can be collected although its queue still exists and one of its streams is kept", async () => {
    const module = guest(
      ($) => `
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_register_shared_queue ${$("jobs")} (i32.const 64)))
        (drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 64)) ${$("job")})) (i32.const 1))
      (func (export "proxy_on_queue_ready") (param i32 i32))
      ${onBody("request", "(i32.const 1)")}`,
    );
    const kept: HttpStream[] = [];
    const services: FakeServices[] = [];
    const use = (instance: FilterInstance, of: FakeServices): void => {
      const stream = exchange({ instance });
      stream.requestHeaders();
      stream.requestBody(bytes("held"), false);
      kept.push(stream);
      services.push(of);
      instance.close();
    };
    expect(await isCollectedAfter(module, use)).toBe(true);
    expect(services[0]?.shared.queues.resolve("vm", "jobs")).toBe(1);
    expect(kept[0]?.requestBody(bytes("more"), true)).toMatchObject({ kind: "failed", reason: "closed" });
  });
});
