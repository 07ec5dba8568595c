/** One pending call per key; every waiter is answered exactly once, and waiting is limited. */
import { describe, expect, it } from "vitest";
import type { Decision, OutboundCall, OutboundResult } from "../host/index.ts";
import { configuration, forwardAuth, Harness, noReply, outcome, reply, valuesOf } from "./testing/harness.ts";

/** A server that answers on the test's command. */
function holdingServer(harness: Harness): { call: OutboundCall; answer: (result: OutboundResult) => void }[] {
  const held: { call: OutboundCall; answer: (result: OutboundResult) => void }[] = [];
  harness.server = (call) => new Promise((answer) => held.push({ call, answer }));
  return held;
}

describe("concurrent misses of one key", () => {
  it("share one call, and each sets its own headers", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
    const held = holdingServer(harness);
    const waiting = Array.from({ length: 100 }, (_, i) =>
      harness.ask({ token: "abc", headers: [["x-user", `m${i}`]] }),
    );
    expect(held).toHaveLength(1);
    expect(harness.instance.openStreams).toBe(100);
    held[0]?.answer(reply(200, [["x-user", "ada"]]));
    for (const decision of await Promise.all(waiting)) {
      expect(outcome(decision)).toBe("continue");
      expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
    }
    expect(harness.metric("ebb_cache_coalesced")).toBe(99);
    expect(harness.metric("ebb_cache_misses")).toBe(1);
    expect(harness.instance.openStreams).toBe(0);
  });

  it.each<[string, OutboundResult, string]>([
    ["a refusal", reply(302, [["location", "/login"]]), "302 denied"],
    ["a failure", noReply("timeout"), "503 authorization_server_timeout"],
  ])("share %s", async (_, result, expected) => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const waiting = [1, 2, 3].map(() => harness.ask({ token: "abc" }));
    held[0]?.answer(result);
    expect((await Promise.all(waiting)).map(outcome)).toEqual([expected, expected, expected]);
  });

  it.each<[string, OutboundResult, string]>([
    ["a full queue", noReply("overflow"), "503 authorization_server_overloaded"],
    ["a rate limit", noReply("rate_limited"), "429 rate_limited"],
  ])(
    "do not share %s, which concerns one client: the calls for the others are made in their own name",
    async (_, failure, expected) => {
      const harness = new Harness();
      const held = holdingServer(harness);
      const ask = (client: string) => harness.ask({ token: "shared", client });
      const [flooding, other, again, third] = [ask("a"), ask("b"), ask("a"), ask("c")];
      held[0]?.answer(failure);
      expect([await flooding, await again].map(outcome)).toEqual([expected, expected]);
      expect(held.map(({ call }) => call.attributes?.["ebb.client_group"])).toEqual(["a", "b"]);
      held[1]?.answer(failure);
      expect(outcome(await other)).toBe(expected);
      held[2]?.answer(reply(200));
      expect(outcome(await third)).toBe("continue");
      expect(held).toHaveLength(3);
      expect(harness.instance.openStreams).toBe(0);
    },
  );

  it("do not share a cookie: each gets its own call, one after the other", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const waiting = [1, 2, 3].map(() => harness.ask({ token: "undefined" }));
    for (let login = 0; login < 3; login += 1) {
      expect(held).toHaveLength(login + 1);
      held[login]?.answer(
        reply(302, [
          ["location", `/login?state=${login}`],
          ["set-cookie", `login=${login}`],
        ]),
      );
      const decision = await waiting[login];
      expect(decision && valuesOf(decision, "set-cookie")).toEqual([`login=${login}`]);
      expect(decision && valuesOf(decision, "location")).toEqual([`/login?state=${login}`]);
    }
    expect(harness.instance.openStreams).toBe(0);
  });

  it("whose replies change from a cookie to a decision share the decision", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const waiting = [1, 2, 3].map(() => harness.ask({ token: "abc" }));
    held[0]?.answer(reply(401, [["set-cookie", "a=1"]]));
    await waiting[0];
    held[1]?.answer(reply(200));
    expect((await Promise.all(waiting)).map(outcome)).toEqual(["401 denied", "continue", "continue"]);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
    expect(held).toHaveLength(2);
  });

  it("with different keys do not wait for each other", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const a = harness.ask({ token: "a" });
    const b = harness.ask({ token: "b" });
    held[1]?.answer(reply(403));
    expect(outcome(await b)).toBe("403 denied");
    held[0]?.answer(reply(200));
    expect(outcome(await a)).toBe("continue");
  });

  it("start a new call once the last is over", async () => {
    const harness = new Harness();
    harness.server = () => noReply("reset");
    await harness.ask({ token: "abc" });
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });
});

describe("a request that goes away while it waits", () => {
  it.each([
    ["first", 0],
    ["in the middle", 1],
    ["last", 2],
  ])("from %s does not affect the others' answer", async (_, leaver) => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const controllers = [0, 1, 2].map(() => new AbortController());
    const waiting = controllers.map(({ signal }) => harness.ask({ token: "abc", signal }));
    controllers[leaver]?.abort();
    held[0]?.answer(reply(200));
    const outcomes = (await Promise.all(waiting)).map(outcome);
    expect(outcomes.filter((each) => each === "continue")).toHaveLength(2);
    expect(outcomes[leaver]).toMatch(/^failed aborted/);
  });

  it("alone leaves a reply that is kept for the next request", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const controller = new AbortController();
    const waiting = harness.ask({ token: "abc", signal: controller.signal });
    controller.abort();
    await waiting;
    held[0]?.answer(reply(200));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
    expect(harness.calls).toHaveLength(1);
  });
});

describe("waiting", () => {
  it("is limited in keys; the next is refused at once and nothing is lost", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const before = harness.instance.allocatedBytes;
    const waiting = Array.from({ length: 256 }, (_, i) => harness.ask({ token: `t${i}`, client: `c${i}` }));
    const refused = harness.ask({ token: "one-more" });
    expect(refused).not.toBeInstanceOf(Promise);
    expect(outcome(await refused)).toBe("503 authorization_server_overloaded");
    expect(valuesOf(await refused, "retry-after")).toEqual(["1"]);
    expect(harness.instance.allocatedBytes).toBe(before);
    for (const { answer } of held) answer(reply(200));
    expect((await Promise.all(waiting)).every((decision) => decision.kind === "continue")).toBe(true);
    harness.server = () => reply(200);
    expect(outcome(await harness.ask({ token: "one-more" }))).toBe("continue");
  });

  it("is limited in requests, and places become free again", async () => {
    const harness = new Harness();
    for (let round = 0; round < 3; round++) {
      const held = holdingServer(harness);
      const waiting: (Decision | Promise<Decision>)[] = [];
      for (let i = 0; i < 2048; i++) waiting.push(harness.ask({ token: `${round}`, client: `c${i}` }));
      expect(outcome(await harness.ask({ token: `${round}` }))).toBe("503 authorization_server_overloaded");
      expect(outcome(await harness.ask({ token: "other" }))).toBe("503 authorization_server_overloaded");
      held[0]?.answer(reply(200));
      expect((await Promise.all(waiting)).every((decision) => decision.kind === "continue")).toBe(true);
    }
  });

  it("is shared: a client with more and more requests leaves places for others", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const flood = Array.from({ length: 300 }, (_, i) => harness.ask({ token: `junk-${i}`, client: "flood" }));
    const refused = flood.filter((asked) => !(asked instanceof Promise));
    expect(refused).toHaveLength(300 - 128);
    expect(outcome(refused[0] as Decision)).toBe("429 too_many_undecided_requests");
    expect(valuesOf(refused[0] as Decision, "retry-after")).toEqual(["1"]);
    const newcomers = Array.from({ length: 40 }, (_, i) => harness.ask({ token: `good-${i}`, client: `c${i}` }));
    expect(newcomers.every((asked) => asked instanceof Promise)).toBe(true);
    const second = Array.from({ length: 300 }, (_, i) => harness.ask({ token: `more-${i}`, client: "second" }));
    expect(second.filter((asked) => asked instanceof Promise)).toHaveLength(44);
    for (const { answer } of held) answer(reply(200));
    const decided = await Promise.all([...flood, ...newcomers, ...second]);
    expect(decided.filter(({ kind }) => kind === "continue")).toHaveLength(128 + 40 + 44);
    harness.server = () => reply(200);
    expect(outcome(await harness.ask({ token: "junk-299", client: "flood" }))).toBe("continue");
  });

  it("is also shared among the waiters of one call", async () => {
    const harness = new Harness();
    const held = holdingServer(harness);
    const flood = Array.from({ length: 2048 }, () => harness.ask({ token: "one", client: "flood" }));
    expect(flood.filter((asked) => asked instanceof Promise)).toHaveLength(1024);
    expect(harness.ask({ token: "one", client: "other" })).toBeInstanceOf(Promise);
    expect(harness.ask({ token: "two", client: "third" })).toBeInstanceOf(Promise);
    for (const { answer } of held) answer(reply(200));
    await Promise.all(flood);
  });

  it("frees places, whatever happened to their requests", async () => {
    const harness = new Harness();
    for (let round = 0; round < 5; round += 1) {
      const held = holdingServer(harness);
      const abort = new AbortController();
      const waiting = Array.from({ length: 200 }, (_, i) =>
        harness.ask({ token: `${round}-${i}`, client: "a", ...(i % 3 === 0 ? { signal: abort.signal } : {}) }),
      );
      expect(waiting.filter((asked) => asked instanceof Promise)).toHaveLength(128);
      abort.abort();
      for (const { answer } of held) answer(round % 2 === 0 ? reply(200) : reply(500));
      await Promise.all(waiting);
    }
  });
});
