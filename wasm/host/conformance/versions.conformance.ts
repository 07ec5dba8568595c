import { describe, expect, it } from "vitest";
import { returning } from "./puppet/director.ts";
import { Action, MapType, Status } from "./puppet/numbers.ts";
import { FIRST_STREAM, startPuppet, stateOf } from "./puppet/start-puppet.ts";

const STATUS_200: [string, string][] = [[":status", "200"]];

/** 1.1: the differences between the versions. Everything else is the same in each, and tested for each. */
describe("ABI 0.1.0", () => {
  it("returns OK and zero bytes for a missing header", () => {
    const { decide } = startPuppet("0.1.0", {
      *request_headers(guest) {
        const answer = yield* guest.call("proxy_get_header_map_value", MapType.REQUEST_HEADERS, "x-absent");
        expect(answer).toMatchObject({ status: Status.OK, outs: [0, 0] });
      },
    });
    decide();
  });

  it("returns the phase's configuration from proxy_get_configuration", () => {
    startPuppet("0.1.0", {
      *vm_start(guest) {
        expect((yield* guest.ask("proxy_get_configuration")).text).toBe("vm configuration");
      },
      *configure(guest) {
        expect((yield* guest.ask("proxy_get_configuration")).text).toBe("plugin configuration");
      },
    });
  });

  it("continues request and response with separate functions, from a tick", async () => {
    const { instance, open } = startPuppet("0.1.0", {
      *configure(guest) {
        yield* guest.call("proxy_set_tick_period_milliseconds", 1_000);
      },
      request_headers: returning(Action.PAUSE),
      response_headers: returning(Action.PAUSE),
      *tick(guest) {
        yield* guest.call("proxy_set_effective_context", FIRST_STREAM);
        expect(yield* guest.status("proxy_continue_request")).toBe(Status.OK);
        expect(yield* guest.status("proxy_continue_response")).toBe(Status.OK);
      },
    });
    const stream = open();
    const request = stream.requestHeaders();
    expect(await stateOf(request)).toBe("waiting");
    instance.tick();
    expect(await stateOf(request)).toMatchObject({ kind: "continue", paused: true });
    const response = stream.responseHeaders(STATUS_200, true);
    expect(await stateOf(response)).toBe("waiting");
    instance.tick();
    expect(await stateOf(response)).toMatchObject({ kind: "continue", paused: true });
    stream.end();
  });

  it("may clear the route cache, although there is none", () => {
    const { decide } = startPuppet("0.1.0", {
      *request_headers(guest) {
        expect(yield* guest.status("proxy_clear_route_cache")).toBe(Status.OK);
      },
    });
    decide();
  });
});

describe.each(["0.2.0", "0.2.1"] as const)("ABI %s", (abi) => {
  it("returns NOT_FOUND for a missing header, in every available map", async () => {
    const { open } = startPuppet(abi, {
      *response_trailers(guest) {
        for (const map of [
          MapType.REQUEST_HEADERS,
          MapType.REQUEST_TRAILERS,
          MapType.RESPONSE_HEADERS,
          MapType.RESPONSE_TRAILERS,
        ]) {
          expect((yield* guest.header(map, "x-absent")).status).toBe(Status.NOT_FOUND);
        }
      },
    });
    const stream = open();
    await stream.requestHeaders();
    await stream.requestTrailers([["x-trailer", "1"]]);
    await stream.responseHeaders(STATUS_200, false);
    await stream.responseTrailers([["x-trailer", "1"]]);
    stream.end();
  });
});

describe("ABI 0.2.1", () => {
  it("returns the level below which lines are dropped", () => {
    const { director, decide } = startPuppet("0.2.1", {
      *request_headers(guest) {
        expect((yield* guest.call("proxy_get_log_level")).outs).toEqual([3]);
        yield* guest.log("not wanted");
      },
    });
    director.minimumLogLevel = "warn";
    decide();
    expect(director.lines).toEqual([]);
  });
});
