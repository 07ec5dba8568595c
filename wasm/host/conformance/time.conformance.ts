import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { Status } from "./puppet/numbers.ts";
import { ROOT, startPuppet } from "./puppet/start-puppet.ts";

/** Rule 16 (ticks) and the clock. */
describe.each(ABI_VERSIONS)("time in a filter of ABI %s", (abi) => {
  it("is the embedder's clock, in nanoseconds", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.call("proxy_get_current_time_nanoseconds")).toMatchObject({
          status: Status.OK,
          out64: 1_760_000_000_000_250_000n,
        });
        director.now += 1.5;
        expect((yield* guest.call("proxy_get_current_time_nanoseconds")).out64).toBe(1_760_000_000_001_750_000n);
      },
    });
    decide();
  });

  it("ticks at the root once a period is set, until the period is 0", () => {
    const { director, instance } = startPuppet(abi, {
      *tick(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 0);
      },
      *request_headers(guest) {
        expect(yield* guest.status("proxy_set_tick_period_milliseconds", 1_500)).toBe(Status.OK);
      },
    });
    director.clear();
    expect(instance.tickPeriodMs).toBe(0);
    instance.tick();
    expect(director.events).toEqual([]);
    instance.decide({ headers: [], endOfStream: true });
    expect(instance.tickPeriodMs).toBe(1_500);
    director.clear();
    instance.tick();
    instance.tick();
    expect(director.events).toEqual([`tick(${ROOT})`]);
    expect(instance.tickPeriodMs).toBe(0);
  });

  it("treats the period as unsigned", () => {
    const { instance } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 0xffff_ffff);
      },
    });
    expect(instance.tickPeriodMs).toBe(0xffff_ffff);
  });

  it("lets the embedder wait for exactly the calls a tick made", async () => {
    const { director, instance, decide } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      *tick(guest) {
        yield* guest.httpCall("/keys");
      },
      *request_headers(guest) {
        yield* guest.httpCall("/check");
        return 1;
      },
    });
    expect(instance.pendingTickCalls).toBeUndefined();
    decide();
    expect(instance.pendingTickCalls).toBeUndefined();
    instance.tick();
    const pending = instance.pendingTickCalls;
    expect(pending).toBeInstanceOf(Promise);
    await director.calls.find(({ headers }) => headers.some(([, value]) => value === "/keys"))?.answer(OK_REPLY);
    await pending;
    expect(instance.pendingTickCalls).toBeUndefined();
    expect(instance.pendingCalls).toBe(1);
  });

  it("lets the embedder wait for the calls of a start, and for those of their replies", async () => {
    let replies = 0;
    const { director, instance } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.httpCall("/address");
      },
      *http_call_response(guest) {
        replies += 1;
        if (replies === 1) yield* guest.httpCall("/keys");
      },
    });
    const pending = instance.pendingStartCalls;
    expect([instance.unansweredStartCalls, instance.pendingTickCalls]).toEqual([1, undefined]);
    await director.calls[0]?.answer(OK_REPLY);
    expect(instance.unansweredStartCalls).toBe(1);
    await director.calls[1]?.answer(OK_REPLY);
    await pending;
    expect(instance.pendingStartCalls).toBeUndefined();
  });

  it("needs a new period after a restart of the filter", () => {
    const first = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
    });
    first.instance.close();
    expect(first.instance.tickPeriodMs).toBe(0);
    const second = startPuppet(abi, {}, { shared: first.director.shared });
    expect(second.instance.tickPeriodMs).toBe(0);
  });
});
