/** `unkeyedHeaders`: sent to the server, left out of the key. A reply that depends on one is for its own request only. */
import { describe, expect, it } from "vitest";
import type { HeaderList, OutboundResult } from "../host/index.ts";
import { configuration, forwardAuth, Harness, type Json, outcome, reply, valuesOf } from "./testing/harness.ts";

const chosen = { requestHeaders: ["x-tenant"], unkeyedHeaders: ["traceparent", "X-Request-Id"] };
const started = (changes: { [name: string]: Json } = {}, others: { [name: string]: Json } = {}) =>
  new Harness(
    configuration({ protocol: forwardAuth({ ...chosen, upstreamHeaders: ["x-user"], ...changes }), ...others }),
  );
const trace = (value: string): HeaderList => [["traceparent", value]];

describe("a header outside the key", () => {
  it("is sent with the check, repeated lines joined", async () => {
    const harness = started();
    await harness.ask({
      token: "abc",
      headers: [...trace("a"), ...trace("b"), ["x-request-id", ""], ["x-tenant", "t"]],
    });
    const { headers } = harness.lastCall();
    expect(headers.filter(([name]) => /^(traceparent|x-)(?!forwarded)/.test(name))).toEqual([
      ["x-tenant", "t"],
      ["traceparent", "a, b"],
      ["x-request-id", ""],
    ]);
  });

  it.each(["authzen", "opa"])("is among the headers of the question (%s)", async (type) => {
    const protocol = {
      type,
      cluster: "decisions",
      authority: "pdp.example.com",
      path: "/v1/data/allow",
      timeoutMs: 1000,
      ...chosen,
    };
    const harness = new Harness(configuration({ protocol }));
    harness.server = () => reply(200, [], type === "opa" ? { result: true } : { decision: true });
    await harness.ask({ token: "abc", headers: [...trace("a"), ["x-tenant", "t"]] });
    const question = JSON.parse(harness.lastCall().body);
    const { headers } = type === "opa" ? question.input : question.context;
    expect(headers).toEqual({ "x-tenant": "t", traceparent: "a" });
    await harness.ask({ token: "abc", headers: [...trace("b"), ["x-tenant", "t"]] });
    expect(harness.calls).toHaveLength(1);
  });

  it("does not split the cache, whether it is there or not; a header in the key does", async () => {
    const harness = started();
    for (const headers of [trace("a"), trace("b"), [], trace("")]) await harness.ask({ token: "abc", headers });
    expect(harness.calls).toHaveLength(1);
    await harness.ask({ token: "abc", headers: [...trace("a"), ["x-tenant", "t"]] });
    expect(harness.calls).toHaveLength(2);
  });

  it("does not split a call in progress: requests that differ only in it share one", async () => {
    const harness = started();
    await Promise.all(["a", "b", "c"].map((value) => harness.ask({ token: "abc", headers: trace(value) })));
    expect(harness.calls).toHaveLength(1);
  });

  it.each(["a\u0001", "a\ufffd"])(
    "that is not clean text is refused, also where the decision is cached: %j",
    async (value) => {
      const harness = started();
      expect(outcome(await harness.ask({ token: "abc", headers: trace(value) }))).toBe("400 header_not_utf8");
      await harness.ask({ token: "abc" });
      expect(outcome(await harness.ask({ token: "abc", headers: trace(value) }))).toBe("400 header_not_utf8");
      expect(harness.calls).toHaveLength(1);
    },
  );

  it("is no credential: a purge of its value finds nothing", async () => {
    const harness = started();
    await harness.ask({ token: "abc", headers: [...trace("secret-value"), ["x-tenant", "tenant-value"]] });
    expect(harness.handover.purgeCredential("secret-value")).toBe(0);
    expect(harness.handover.purgeCredential("tenant-value")).toBe(1);
  });

  it("cannot also be in the key, nor make the table of headers overflow", () => {
    expect(() => started({ requestHeaders: ["x-a"], unkeyedHeaders: ["X-A"] })).toThrow();
    const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `x-${prefix}-${n}`);
    expect(() => started({ requestHeaders: names("a", 16), unkeyedHeaders: names("b", 16) })).not.toThrow();
    expect(() => started({ requestHeaders: names("a", 16), unkeyedHeaders: names("b", 17) })).toThrow();
  });
});

describe("a reply", () => {
  const varies = (value: string, status = 200) => reply(status, [["vary", value]]);

  it.each(["traceparent", "Accept, TraceParent", " X-REQUEST-ID ,accept", "*", "accept,*"])(
    "whose Vary is %j is not kept",
    async (value) => {
      for (const status of [200, 403]) {
        const harness = started();
        harness.server = () => varies(value, status);
        await harness.ask({ token: "abc", headers: trace("a") });
        await harness.ask({ token: "abc", headers: trace("a") });
        expect(harness.calls).toHaveLength(2);
        expect(harness.metric("ebb_cache_entries")).toBe(0);
      }
    },
  );

  it.each(["x-tenant", "accept-encoding, authorization", "traceparent-x", "x-traceparent", "traceparentx,", ""])(
    "whose Vary is %j is kept: it names nothing outside the key that was sent",
    async (value) => {
      const harness = started();
      harness.server = () => varies(value);
      await harness.ask({ token: "abc", headers: trace("a") });
      await harness.ask({ token: "abc", headers: trace("b") });
      expect(harness.calls).toHaveLength(1);
    },
  );

  it("with several Vary lines obeys each", async () => {
    const harness = started();
    harness.server = () =>
      reply(200, [
        ["vary", "accept"],
        ["vary", "traceparent"],
        ["vary", "origin"],
      ]);
    await harness.ask({ token: "abc" });
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });

  it("that varies ends an earlier decision for the key", async () => {
    const harness = started(
      {},
      { cache: { maxTtlMs: 1000, denyTtlMs: 1000, staleIfErrorMs: 60_000, maxBytes: 33_554_432 } },
    );
    await harness.ask({ token: "abc" });
    harness.advance(1000);
    harness.server = () => varies("traceparent");
    await harness.ask({ token: "abc" });
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  /** Asks at once with these values, while the server answers with the value that it was sent. */
  async function askedAtOnce(harness: Harness, values: string[], vary: string) {
    const replies: (() => void)[] = [];
    harness.server = (call) =>
      new Promise<OutboundResult>((resolve) => {
        const [, value = ""] = call.headers.find(([name]) => name === "traceparent") ?? [];
        const send = () =>
          resolve(
            reply(200, [
              ["vary", vary],
              ["x-user", value],
            ]),
          );
        if (replies.length === 0) replies.push(send);
        else send();
      });
    const decisions = values.map((value) => harness.ask({ token: "abc", headers: trace(value) }));
    replies[0]?.();
    return (await Promise.all(decisions)).map((decision) => valuesOf(decision, "x-user")?.[0]);
  }

  it("that varies is for its own request only: others that waited are asked for again", async () => {
    for (const vary of ["traceparent", "*"]) {
      const harness = started();
      expect(await askedAtOnce(harness, ["a", "b", "c"], vary)).toEqual(["a", "b", "c"]);
      expect(harness.calls).toHaveLength(3);
    }
  });

  it("that does not vary is for all that waited", async () => {
    const harness = started();
    expect(await askedAtOnce(harness, ["a", "b", "c"], "x-tenant")).toEqual(["a", "a", "a"]);
    expect(harness.calls).toHaveLength(1);
  });

  it("with Vary: * is for all that waited where every header is in the key", async () => {
    const harness = started({ unkeyedHeaders: [], requestHeaders: [] });
    await askedAtOnce(harness, ["a", "b"], "*");
    expect(harness.calls).toHaveLength(1);
  });
});
