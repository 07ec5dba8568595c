import { describe, expect, it } from "vitest";
import { OK_REPLY } from "../testing/fake-services.setup.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { returning } from "./puppet/director.ts";
import { Action, MapType, Status } from "./puppet/numbers.ts";
import { AllocatorMode } from "./puppet/protocol.ts";
import { bytes, FIRST_STREAM, REQUEST, ROOT, startPuppet } from "./puppet/start-puppet.ts";

const SECOND_STREAM = FIRST_STREAM + 1;

/** Rule 4: the callback's context, the effective context, and that the guest is never entered while it runs. */
describe.each(ABI_VERSIONS)("contexts of a filter of ABI %s", (abi) => {
  it("accept an existing effective one, and return BAD_ARGUMENT for others", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.status("proxy_set_effective_context", ROOT)).toBe(Status.OK);
        expect(yield* guest.status("proxy_set_effective_context", FIRST_STREAM)).toBe(Status.OK);
        expect(yield* guest.status("proxy_set_effective_context", 0)).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_set_effective_context", 99)).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_set_effective_context", -1)).toBe(Status.BAD_ARGUMENT);
      },
    });
    decide();
  });

  it("do not change after an id that does not exist", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.status("proxy_set_effective_context", 99);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, ":method")).text).toBe("POST");
      },
    });
    decide();
  });

  it("let the root act on a stream only until its callback returns", () => {
    const { instance, decide } = startPuppet(abi, {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      request_headers: returning(Action.PAUSE),
      *tick(guest) {
        const before = yield* guest.header(MapType.REQUEST_HEADERS, ":method");
        expect(before.status).toBe(Status.BAD_ARGUMENT);
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, ":method")).text).toBe("POST");
      },
    });
    decide();
    instance.tick();
    instance.tick();
  });

  it("start each callback without an effective one: a second stream sees its own headers", () => {
    const seen: string[] = [];
    const { decide } = startPuppet(abi, {
      *request_headers(guest, id) {
        seen.push((yield* guest.header(MapType.REQUEST_HEADERS, "x-name")).text);
        if (id === SECOND_STREAM) {
          yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
          seen.push((yield* guest.header(MapType.REQUEST_HEADERS, "x-name")).text);
        }
        return Action.PAUSE;
      },
    });
    decide({ headers: [...REQUEST.headers, ["x-name", "first"]] });
    decide({ headers: [...REQUEST.headers, ["x-name", "second"]] });
    decide({ headers: [...REQUEST.headers, ["x-name", "third"]] });
    expect(seen).toEqual(["first", "second", "first", "third"]);
  });

  it("are restored after a call of the allocator, which has none of them", () => {
    let depth = 0;
    const { decide } = startPuppet(abi, {
      *request_headers(guest, id) {
        if (id !== SECOND_STREAM) return Action.PAUSE;
        yield* guest.status("proxy_set_effective_context", FIRST_STREAM);
        yield* guest.setAllocator(AllocatorMode.SCRIPTED);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, "x-name")).text).toBe("first");
        yield* guest.setAllocator(AllocatorMode.NORMAL);
        expect((yield* guest.header(MapType.REQUEST_HEADERS, "x-name")).text).toBe("first");
        return Action.PAUSE;
      },
      *memory_allocate(guest) {
        depth += 1;
        // An allocator that requests allocated data from the host would never end.
        expect((yield* guest.property("plugin_name")).status).not.toBe(Status.OK);
        expect(yield* guest.status("proxy_log", 2, "from the allocator")).toBe(Status.OK);
      },
    });
    decide({ headers: [...REQUEST.headers, ["x-name", "first"]] });
    decide({ headers: [...REQUEST.headers, ["x-name", "second"]] });
    expect(depth).toBe(1);
  });

  it("of a stream that is gone are unknown, while its reply still comes to the root", async () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.httpCall();
      },
      *http_call_response(guest) {
        expect(yield* guest.status("proxy_set_effective_context", FIRST_STREAM)).toBe(Status.BAD_ARGUMENT);
      },
    });
    decide();
    director.clear();
    await director.calls[0]?.answer(OK_REPLY);
    expect(director.events).toEqual([`http_call_response(${ROOT}, 1, 2, 10, 0)`]);
  });

  it("run one callback at a time: an embedder that calls in from within one gets an error", async () => {
    const errors: unknown[] = [];
    const { instance, open } = startPuppet(abi, {
      *request_headers(guest, id) {
        if (id === FIRST_STREAM) return Action.PAUSE;
        const entries = [
          () => instance.decide(REQUEST),
          () => instance.tick(),
          () => instance.close(),
          () => first.requestBody(bytes("x"), true),
          () => first.responseHeaders([[":status", "200"]], true),
          () => first.end(),
        ];
        for (const enter of entries) {
          try {
            enter();
          } catch (error) {
            errors.push(error);
          }
        }
        expect((yield* guest.header(MapType.REQUEST_HEADERS, ":method")).text).toBe("POST");
        return Action.CONTINUE;
      },
    });
    const first = open();
    const waiting = first.requestHeaders();
    expect(await open().requestHeaders()).toMatchObject({ kind: "continue" });
    expect(errors).toHaveLength(6);
    expect(instance.failure).toBeUndefined();
    first.end();
    expect(await waiting).toMatchObject({ kind: "failed", reason: "aborted" });
  });
});
