import { describe, expect, it } from "vitest";
import { BufferType, Status } from "../abi.ts";
import { BodyBuffer } from "../body-buffer.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const ALL = 0xffff_ffff;
const VM = "vm configuration";

function harness(): HostHarness {
  const host = new HostHarness();
  host.vm.stage = "running";
  return host;
}

describe("reading a buffer", () => {
  it("returns the requested part, limited to the buffer's end", () => {
    const host = harness();
    const read = (start: number, size: number) =>
      host.ask("proxy_get_buffer_bytes", [BufferType.VM_CONFIGURATION, start, size]);
    expect(read(0, ALL).text).toBe(VM);
    expect(read(3, 6).text).toBe("config");
    expect(read(3, 1_000).text).toBe("configuration");
    expect(read(VM.length, 5)).toMatchObject({ status: Status.OK, pointer: 0, text: "" });
    expect(read(1_000_000, 5)).toMatchObject({ status: Status.OK, pointer: 0, text: "" });
    expect(read(0, 0)).toMatchObject({ status: Status.OK, pointer: 0, text: "" });
  });

  it("is BAD_ARGUMENT only if start plus size exceeds 32 bits", () => {
    const read = (start: number, size: number) => harness().ask("proxy_get_buffer_bytes", [6, start, size]).status;
    expect(read(1, ALL)).toBe(Status.BAD_ARGUMENT);
    expect(read(-1, -1)).toBe(Status.BAD_ARGUMENT);
    expect(read(1, ALL - 1)).toBe(Status.OK);
  });

  it("of the plugin's configuration is possible only during the start, as in Envoy", () => {
    const host = harness();
    const read = () => host.ask("proxy_get_buffer_bytes", [BufferType.PLUGIN_CONFIGURATION, 0, ALL]);
    expect(read().status).toBe(Status.NOT_FOUND);
    host.vm.stage = "configure";
    expect(read().text).toBe("plugin configuration");
  });

  it("of a reply is possible while the reply is delivered", () => {
    const host = harness();
    const read = () => host.ask("proxy_get_buffer_bytes", [BufferType.CALL_RESPONSE_BODY, 0, ALL]);
    expect(read().status).toBe(Status.NOT_FOUND);
    host.vm.reply = { headers: [], body: Uint8Array.of(104, 105), trailers: [], statusCode: 0, statusMessage: "" };
    expect(read().text).toBe("hi");
  });

  it("is NOT_FOUND if it is not available, BAD_ARGUMENT if it is unknown", () => {
    for (const type of [0, 1, 2, 3, 5, 8]) {
      expect(harness().ask("proxy_get_buffer_bytes", [type, 0, 1]).status).toBe(Status.NOT_FOUND);
      expect(harness().call("proxy_get_buffer_status", [type, 0, 4])).toBe(Status.NOT_FOUND);
    }
    for (const type of [9, -1, ALL]) {
      expect(harness().ask("proxy_get_buffer_bytes", [type, 0, 1]).status).toBe(Status.BAD_ARGUMENT);
      expect(harness().call("proxy_get_buffer_status", [type, 0, 4])).toBe(Status.BAD_ARGUMENT);
      expect(harness().call("proxy_set_buffer_bytes", [type, 0, 0, 0, 0])).toBe(Status.BAD_ARGUMENT);
    }
  });

  it("needs valid addresses for its results", () => {
    expect(harness().call("proxy_get_buffer_bytes", [6, 0, ALL, 65_534, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(harness().call("proxy_get_buffer_status", [6, -1, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
  });
});

describe.each([
  ["request", BufferType.REQUEST_BODY],
  ["response", BufferType.RESPONSE_BODY],
] as const)("the body of a %s", (direction, type) => {
  function showing(content: string): { host: HostHarness; text: () => string } {
    const host = harness();
    const message = direction === "request" ? host.stream.request : host.addResponse([]);
    message.body = new BodyBuffer();
    message.body.append(new TextEncoder().encode(content));
    message.bodyShown = true;
    return { host, text: () => new TextDecoder().decode(message.body?.bytes) };
  }
  const set = (host: HostHarness, start: number, size: number, content: string): number =>
    host.call("proxy_set_buffer_bytes", [type, start, size, ...host.put(content)]);

  it("can be read while it is shown", () => {
    const { host } = showing("hello");
    expect(host.ask("proxy_get_buffer_bytes", [type, 1, 3]).text).toBe("ell");
    expect(host.call("proxy_get_buffer_status", [type, 8, 12])).toBe(Status.OK);
    expect(host.u32(8)).toBe(5);
  });

  it("is NOT_FOUND before and after, and from the root", () => {
    const { host } = showing("hello");
    expect(host.ask("proxy_get_buffer_bytes", [type, 0, ALL], host.vm.root).status).toBe(Status.NOT_FOUND);
    const message = direction === "request" ? host.stream.request : host.stream.response;
    if (message !== undefined) message.bodyShown = false;
    expect(host.ask("proxy_get_buffer_bytes", [type, 0, ALL]).status).toBe(Status.NOT_FOUND);
    expect(set(host, 0, 0, "x")).toBe(Status.NOT_FOUND);
  });

  it.each([
    ["prepended to", 0, 0, "<hello"],
    ["appended to", 5, 0, "hello<"],
    ["appended to", ALL, ALL, "hello<"],
    ["replaced", 0, 5, "<"],
    ["replaced", 0, ALL, "<"],
    ["replaced in part", 1, 3, "h<o"],
  ])("can be %s (%i, %i)", (_what, start, size, expected) => {
    const { host, text } = showing("hello");
    expect(set(host, start, size, "<")).toBe(Status.OK);
    expect(text()).toBe(expected);
  });

  it("is not written from outside memory, nor beyond the body limit", () => {
    const { host, text } = showing("hello");
    expect(host.call("proxy_set_buffer_bytes", [type, 0, 0, -1, 8])).toBe(Status.INVALID_MEMORY_ACCESS);
    host.memory.grow(32);
    expect(host.call("proxy_set_buffer_bytes", [type, 0, 0, 0, HOST_LIMITS.bodyBytes])).toBe(Status.BAD_ARGUMENT);
    expect(text()).toBe("hello");
    expect(host.call("proxy_set_buffer_bytes", [type, 0, ALL, 0, HOST_LIMITS.bodyBytes])).toBe(Status.OK);
  });
});

it("the bodies of many streams grow only up to their common limit, even within one callback", () => {
  const host = harness();
  host.memory.grow(32);
  const grow = (): number => {
    const stream = host.addStream();
    stream.request.body = new BodyBuffer();
    stream.request.bodyShown = true;
    const args = [BufferType.REQUEST_BODY, 0, ALL, 0, HOST_LIMITS.bodyBytes];
    return host.call("proxy_set_buffer_bytes", args, stream);
  };
  const fitting = HOST_LIMITS.heldBodyBytes / HOST_LIMITS.bodyBytes;
  const answers = Array.from({ length: fitting + 1 }, grow);
  expect(answers.indexOf(Status.BAD_ARGUMENT)).toBe(fitting);
});

it("a buffer's status is its size", () => {
  const host = harness();
  expect(host.call("proxy_get_buffer_status", [6, 8, 12])).toBe(Status.OK);
  expect([host.u32(8), host.u32(12)]).toEqual([VM.length, 0]);
});

it("a configuration cannot be written", () => {
  const host = harness();
  expect(host.call("proxy_set_buffer_bytes", [6, 0, 0, ...host.put("x")])).toBe(Status.BAD_ARGUMENT);
  expect(host.call("proxy_set_buffer_bytes", [0, 0, 0, ...host.put("x")])).toBe(Status.NOT_FOUND);
  expect(host.call("proxy_set_buffer_bytes", [0, 0, 0, 0, ALL])).toBe(Status.INVALID_MEMORY_ACCESS);
});

it("ABI 0.1.0 reads the configuration that is being applied", () => {
  const host = harness();
  host.vm.stage = "vm_start";
  expect(host.ask("proxy_get_configuration", []).text).toBe(VM);
  host.vm.stage = "configure";
  expect(host.ask("proxy_get_configuration", []).text).toBe("plugin configuration");
});
