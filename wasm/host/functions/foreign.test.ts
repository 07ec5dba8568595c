import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const NAME = "proxy_call_foreign_function";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);

/** A host whose embedder has these functions. */
function withFunctions(functions: Readonly<Record<string, (argument: Uint8Array) => Uint8Array>>): HostHarness {
  const host = new HostHarness();
  host.services.foreignFunction = (name, argument) =>
    Object.hasOwn(functions, name) ? functions[name]!(argument) : undefined;
  return host;
}

describe("without foreign functions", () => {
  it("every name is NOT_FOUND, and the embedder is told", () => {
    const host = new HostHarness();
    for (const name of ["", "compress", "__proto__"]) {
      expect(host.ask(NAME, [...host.put(name), ...host.put("arguments")]).status).toBe(Status.NOT_FOUND);
    }
    expect(host.services.unservedCalls).toEqual(
      ["", "compress", "__proto__"].map((name) => ({ what: "foreign_function", name })),
    );
    expect(host.stream.unserved).toBe(true);
  });

  it("a guest that ignores the result may omit its addresses", () => {
    const host = new HostHarness();
    expect(host.call(NAME, [...host.put("f"), 0, 0, 0, 0])).toBe(Status.NOT_FOUND);
  });

  it("name and argument must lie in memory", () => {
    const host = new HostHarness();
    expect(host.call(NAME, [-1, 4, 0, 0, 0, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.call(NAME, [...host.put("f"), 65_530, 8, 0, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(host.services.unservedCalls).toEqual([]);
  });
});

describe("an embedder's foreign function", () => {
  const shout = (argument: Uint8Array) => bytes(text(argument).toUpperCase());

  it("gets its argument and returns its result; other names are NOT_FOUND", () => {
    const host = withFunctions({ shout });
    expect(host.ask(NAME, [...host.put("shout"), ...host.put("hello")])).toMatchObject({ status: 0, text: "HELLO" });
    expect(host.ask(NAME, [...host.put("whisper"), ...host.put("hello")]).status).toBe(Status.NOT_FOUND);
    expect(host.services.unservedCalls).toEqual([{ what: "foreign_function", name: "whisper" }]);
  });

  it("may have no argument and no result, and the guest may ignore it", () => {
    const host = withFunctions({ shout });
    expect(host.ask(NAME, [...host.put("shout"), 0, 0])).toMatchObject({ status: 0, pointer: 0, text: "" });
    expect(host.call(NAME, [...host.put("shout"), ...host.put("hello"), 0, 0])).toBe(Status.OK);
    expect(host.allocations).toEqual([]);
  });

  it("that throws is INTERNAL_FAILURE and one line", () => {
    const host = withFunctions({
      broken: () => {
        throw new Error("no such key");
      },
    });
    expect(host.ask(NAME, [...host.put("broken"), 0, 0]).status).toBe(Status.INTERNAL_FAILURE);
    expect(host.services.lines).toEqual(['the foreign function "broken" failed in the host: Error: no such key']);
  });

  it.each([
    ["a promise", Promise.resolve(bytes("late"))],
    ["null", null],
    ["a text", "hello"],
  ])("that returns %s is INTERNAL_FAILURE and one line, not a trap", (_, result) => {
    const host = withFunctions({ odd: () => result as never });
    expect(host.ask(NAME, [...host.put("odd"), 0, 0]).status).toBe(Status.INTERNAL_FAILURE);
    expect(host.services.lines).toEqual([
      'the foreign function "odd" failed in the host: TypeError: its result is no Uint8Array',
    ]);
  });

  it("whose name has a line break makes one line", () => {
    const name = "a\ncritical: forged";
    const host = withFunctions({
      [name]: () => {
        throw new Error("no such key");
      },
    });
    host.ask(NAME, [...host.put(name), 0, 0]);
    expect(host.services.lines.join("")).not.toContain("\n");
  });

  it("has limits for its argument and its result", () => {
    const { foreignFunctionBytes } = HOST_LIMITS;
    const host = withFunctions({ big: () => new Uint8Array(foreignFunctionBytes + 1) });
    host.memory.grow(32);
    expect(host.ask(NAME, [...host.put("big"), 0, foreignFunctionBytes + 1]).status).toBe(Status.BAD_ARGUMENT);
    expect(host.ask(NAME, [...host.put("big"), 0, foreignFunctionBytes]).status).toBe(Status.INTERNAL_FAILURE);
  });

  it("cannot enter the guest", () => {
    const host = new HostHarness();
    host.services.foreignFunction = () => {
      host.vm.scope.assertOutsideGuest("decide");
      return bytes("entered");
    };
    expect(host.ask(NAME, [...host.put("enter"), 0, 0]).status).toBe(Status.INTERNAL_FAILURE);
  });
});
