import { describe, expect, it } from "vitest";
import { Status, StreamType } from "../abi.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const UNKNOWN = [4, -1, 0xffff_ffff];

describe("the effective context", () => {
  it("can be any existing one; others are BAD_ARGUMENT", () => {
    const host = new HostHarness();
    for (const id of [1, host.stream.id]) expect(host.call("proxy_set_effective_context", [id])).toBe(Status.OK);
    for (const id of [0, 99, -1]) expect(host.call("proxy_set_effective_context", [id])).toBe(Status.BAD_ARGUMENT);
  });

  it("is the one the host functions act on, until the callback returns", () => {
    const host = new HostHarness();
    const { stream } = host;
    const { scope, root } = host.vm;
    scope.run(root, () => {
      scope.setEffective(stream);
      expect(scope.context).toBe(stream);
      scope.run(root, () => expect(scope.context).toBe(root));
      expect(scope.context).toBe(stream);
    });
    expect(scope.context).toBeUndefined();
    expect(() =>
      scope.run(stream, () => {
        throw new Error("trap");
      }),
    ).toThrow("trap");
    expect(scope.active).toBe(false);
  });
});

describe("continuing and closing", () => {
  it("are recorded for the stream and take effect later", () => {
    const host = new HostHarness();
    const response = host.addResponse([]);
    expect(host.call("proxy_continue_stream", [StreamType.REQUEST])).toBe(Status.OK);
    expect([host.stream.request.resumeRequested, response.resumeRequested]).toEqual([true, false]);
    expect(host.call("proxy_continue_stream", [StreamType.RESPONSE])).toBe(Status.OK);
    expect(response.resumeRequested).toBe(true);
    expect(host.stream.closeRequested).toBe(false);
    expect(host.call("proxy_close_stream", [StreamType.RESPONSE])).toBe(Status.OK);
    expect(host.stream.closeRequested).toBe(true);
    expect(host.vm.touchedStreams).toEqual([host.stream]);
  });

  it("have separate functions for request and response in ABI 0.1.0", () => {
    const host = new HostHarness({}, "0.1.0");
    const response = host.addResponse([]);
    expect(host.call("proxy_continue_request", [])).toBe(Status.OK);
    expect([host.stream.request.resumeRequested, response.resumeRequested]).toEqual([true, false]);
    expect(host.call("proxy_continue_response", [])).toBe(Status.OK);
    expect(response.resumeRequested).toBe(true);
  });

  it("of a response that is not there yet is OK and does nothing", () => {
    const host = new HostHarness();
    expect(host.call("proxy_continue_stream", [StreamType.RESPONSE])).toBe(Status.OK);
    expect(host.call("proxy_continue_response", [])).toBe(Status.OK);
    expect(host.vm.touchedStreams).toEqual([]);
  });

  it("from the root are OK and do nothing, as for a stream that is gone", () => {
    const host = new HostHarness();
    for (const type of [StreamType.REQUEST, StreamType.RESPONSE]) {
      expect(host.call("proxy_continue_stream", [type], host.vm.root)).toBe(Status.OK);
      expect(host.call("proxy_close_stream", [type], host.vm.root)).toBe(Status.OK);
    }
    expect(host.vm.touchedStreams).toEqual([]);
  });

  it("of TCP streams are UNIMPLEMENTED, of unknown ones BAD_ARGUMENT", () => {
    for (const name of ["proxy_continue_stream", "proxy_close_stream"]) {
      for (const type of [StreamType.DOWNSTREAM, StreamType.UPSTREAM])
        expect(new HostHarness().call(name, [type])).toBe(Status.UNIMPLEMENTED);
      for (const type of UNKNOWN) expect(new HostHarness().call(name, [type])).toBe(Status.BAD_ARGUMENT);
    }
  });
});

it("proxy_done is NOT_FOUND unless the stream waits for it", () => {
  const host = new HostHarness();
  expect(host.call("proxy_done", [])).toBe(Status.NOT_FOUND);
  expect(host.call("proxy_done", [], host.vm.root)).toBe(Status.NOT_FOUND);
  host.stream.phase = "awaiting_done";
  expect(host.call("proxy_done", [])).toBe(Status.OK);
  expect(host.call("proxy_done", [])).toBe(Status.NOT_FOUND);
});

it("proxy_get_status returns why a call failed, and (0, empty) otherwise", () => {
  const host = new HostHarness();
  expect(host.ask("proxy_get_status", [8])).toMatchObject({ status: Status.OK, text: "" });
  expect(host.u32(8)).toBe(0);
  host.vm.reply = { headers: [], body: new Uint8Array(0), trailers: [], statusCode: 11, statusMessage: "reset" };
  expect(host.ask("proxy_get_status", [8]).text).toBe("reset");
  expect(host.u32(8)).toBe(11);
  expect(host.ask("proxy_get_status", [-1]).status).toBe(Status.INVALID_MEMORY_ACCESS);
});
