/** Tokens pass through the filter's memory and must not stay there: a later bug or a dump must not reveal them. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OutboundResult } from "../host/index.ts";
import { configuration, forwardAuth, Harness, jwt, noReply, reply } from "./testing/harness.ts";

/** A harness and a search of its linear memory, which the host does not expose. */
function searchable(plugin = configuration()): { harness: Harness; finds: (text: string) => boolean } {
  const { Instance } = WebAssembly;
  let memory: WebAssembly.Memory | undefined;
  vi.spyOn(WebAssembly, "Instance").mockImplementation(function spy(module, imports) {
    const instance = new Instance(module, imports);
    if (instance.exports.memory instanceof WebAssembly.Memory) memory = instance.exports.memory;
    return instance;
  });
  const harness = new Harness(plugin);
  const finds = (text: string): boolean => {
    if (!memory) throw new Error("the filter's memory was not seen");
    return Buffer.from(memory.buffer).includes(text);
  };
  return { harness, finds };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("linear memory", () => {
  it("is really searched", () => {
    expect(searchable(configuration({ realm: "some-realm" })).finds("some-realm")).toBe(true);
  });

  it("contains no token, neither while a call is pending nor after any outcome", async () => {
    const secret = "s3cr3t-t0ken-value";
    const { harness, finds } = searchable(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
    for (const answer of [noReply("timeout"), reply(500, [], secret), reply(302, [], secret), reply(403), reply(200)]) {
      const { promise, resolve } = Promise.withResolvers<OutboundResult>();
      let isThereDuringTheCallback = false;
      harness.server = () => {
        isThereDuringTheCallback = finds(secret);
        return promise;
      };
      const waiting = harness.ask({ token: secret, path: `/${secret}` });
      expect(isThereDuringTheCallback).toBe(true);
      harness.calls.length = 0;
      expect(finds(secret)).toBe(false);
      resolve(answer);
      await waiting;
      expect(finds(secret)).toBe(false);
      harness.now += 60_000;
    }
    await harness.ask({ token: secret });
    await harness.ask({ token: `${secret}\ufffd` });
    expect(finds(secret)).toBe(false);
  });

  it("contains no token claims that were decoded to find the expiry", async () => {
    const { harness, finds } = searchable();
    await harness.ask({ token: jwt({ exp: harness.now / 1000 + 60, email: "ada@example.com" }) });
    expect(finds("ada@example.com")).toBe(false);
  });

  it("contains an identity only as long as its decision", async () => {
    const { harness, finds } = searchable(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
    const identity = `ada-${"x".repeat(400)}-lovelace`;
    harness.server = () => reply(200, [["x-user", identity]]);
    await harness.ask({ token: "abc" });
    await harness.ask({ token: "abc" });
    expect(finds("ada-xx")).toBe(true);
    harness.advance(602_000);
    expect(finds("ada-xx")).toBe(false);
    expect(finds("-lovelace")).toBe(false);
  });

  it("does not keep the configuration's text, only the parsed values", () => {
    const { finds } = searchable(configuration({ unknownField: "not-taken" }));
    expect(finds("not-taken")).toBe(false);
    expect(finds("unknownField")).toBe(false);
  });
});
