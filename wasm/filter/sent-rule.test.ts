/** `uri: "rule"`: the server gets the pattern of the matched rule in place of path and query, and the key has the same. */
import { describe, expect, it } from "vitest";
import { type AskOptions, configuration, forwardAuth, Harness, type Json, outcome, reply } from "./testing/harness.ts";

const rules: Json = [
  { name: "authenticate", scopes: [] },
  { name: "rule-0", scopes: [], uri: "/orders/:id" },
  { name: "rule-1", scopes: ["a"], permission: "orders.write", uri: "/orders/:id" },
  { name: "rule-2", scopes: [], uri: "/caf%C3%A9/*" },
];
const decisionPoint = (type: string): Json => ({
  type,
  cluster: "decisions",
  authority: "pdp.example.com",
  path: "/v1/data/allow",
  timeoutMs: 1000,
});

function started(protocol: Json = forwardAuth({ uri: "rule" })): Harness {
  return new Harness(configuration({ protocol, rules }));
}
const sentUri = (harness: Harness) => harness.lastCall().header("x-forwarded-uri");

describe("the pattern of the matched rule", () => {
  it("is sent in place of path and query, and nothing of these is sent", async () => {
    const harness = started();
    await harness.ask({ token: "abc", rule: "rule-0", path: "/orders/4711?secret=1" });
    expect(sentUri(harness)).toBe("/orders/:id");
    expect(JSON.stringify(harness.lastCall().headers)).not.toMatch(/4711|secret/);
    await harness.ask({ token: "abc", rule: "rule-2", path: "/caf%c3%a9/x" });
    expect(sentUri(harness)).toBe("/caf%C3%A9/*");
  });

  it("is AuthZEN's resource, whose type says so", async () => {
    const harness = started({ ...(decisionPoint("authzen") as object), uri: "rule" });
    const resource = async (rule: string, path: string) => {
      await harness.ask({ token: "abc", rule, path });
      return JSON.parse(harness.lastCall().body).resource;
    };
    expect(await resource("rule-0", "/orders/4711?a")).toMatchObject({
      type: "rule",
      id: "/orders/:id",
      properties: { rule: "rule-0" },
    });
    expect(await resource("authenticate", "/orders/:id")).toMatchObject({
      type: "uri",
      id: "/orders/:id",
      properties: { rule: "authenticate" },
    });
    expect(JSON.stringify(harness.calls[0])).not.toContain("4711");
  });

  it("is OPA's input.uri; input.rule tells it from a path that looks like it", async () => {
    const harness = started({ ...(decisionPoint("opa") as object), uri: "rule" });
    const input = async (rule: string, path: string) => {
      await harness.ask({ token: "abc", rule, path });
      return JSON.parse(harness.lastCall().body).input;
    };
    expect(await input("rule-1", "/orders/4711?a")).toMatchObject({
      uri: "/orders/:id",
      rule: "rule-1",
      scopes: ["a"],
    });
    expect(await input("authenticate", "/orders/:id")).toMatchObject({ uri: "/orders/:id", rule: "authenticate" });
    expect(harness.calls).toHaveLength(2);
  });

  it("is sent with the second call too, after introspection of the token", async () => {
    const subject = {
      cluster: "auth",
      authority: "as.example.com",
      path: "/introspect",
      timeoutMs: 1000,
      clientAuthentication: { type: "none" },
    };
    const harness = started({ ...(decisionPoint("opa") as object), uri: "rule", subject });
    harness.server = ({ cluster }) =>
      reply(200, [], cluster === "auth" ? { active: true, sub: "ann" } : { result: true });
    expect(outcome(await harness.ask({ token: "abc", rule: "rule-0", path: "/orders/4711?a" }))).toBe("continue");
    expect(JSON.parse(harness.lastCall().body).input).toMatchObject({ uri: "/orders/:id", subject: "ann" });
    expect(JSON.stringify(harness.calls)).not.toContain("4711");
  });

  it("is sent again when a call is repeated for another request that waits", async () => {
    const harness = started();
    let answer: (() => void) | undefined;
    harness.server = () =>
      harness.calls.length > 1
        ? reply(403, [["set-cookie", "login=2"]], "")
        : new Promise((resolve) => (answer = () => resolve(reply(403, [["set-cookie", "login=1"]], ""))));
    const both = ["/orders/1", "/orders/2"].map((path) => harness.ask({ token: "abc", rule: "rule-0", path }));
    answer?.();
    await Promise.all(both);
    expect(harness.calls).toHaveLength(2);
    expect(sentUri(harness)).toBe("/orders/:id");
  });
});

describe("a decision", () => {
  const first: AskOptions = { token: "abc", rule: "rule-0", path: "/orders/1" };

  it.each<[string, AskOptions]>([
    ["object", { path: "/orders/2" }],
    ["query", { path: "/orders/1?page=2" }],
    ["spelling of the path", { path: "/ORDERS/1;x" }],
    ["path that is not text and is not sent", { path: "/orders/%00\u0001" }],
  ])("serves another %s of one rule", async (_, changes) => {
    const harness = started();
    await harness.ask(first);
    expect(outcome(await harness.ask({ ...first, ...changes }))).toBe("continue");
    expect(harness.calls).toHaveLength(1);
  });

  it.each<[string, AskOptions]>([
    ["rule with the same pattern", { rule: "rule-1" }],
    ["rule", { rule: "rule-2" }],
    ["credential", { token: "abd" }],
    ["method", { method: "DELETE" }],
    ["method, although HEAD is in the rule for GET", { method: "HEAD" }],
    ["path without a rule that reads like the pattern", { rule: "authenticate", path: "/orders/:id" }],
    ["path without a rule", { rule: "authenticate" }],
    ["request of which the gateway names no rule", { rule: "" }],
  ])("never serves another %s", async (_, changes) => {
    const harness = started();
    await harness.ask(first);
    harness.server = () => reply(403);
    expect(outcome(await harness.ask({ ...first, ...changes }))).toBe("403 denied");
    expect(harness.calls).toHaveLength(2);
  });

  it("on a path without a rule is kept for path and query, which are sent whole", async () => {
    const harness = started();
    for (const path of ["/other/1?a", "/other/1?b", "/other/1?a"]) {
      await harness.ask({ token: "abc", rule: "authenticate", path });
    }
    expect(harness.calls).toHaveLength(2);
    expect(sentUri(harness)).toBe("/other/1?b");
  });

  it("is refused if the gateway names a rule that the filter does not have", async () => {
    const harness = started();
    expect(outcome(await harness.ask({ ...first, rule: "rule-9" }))).toBe("503 unknown_rule");
    expect(harness.calls).toHaveLength(0);
  });

  it("concurrent requests for objects of one rule share a call", async () => {
    const harness = started();
    await Promise.all([1, 2, 3].map((id) => harness.ask({ ...first, path: `/orders/${id}` })));
    expect(harness.calls).toHaveLength(1);
  });
});

describe("a pattern", () => {
  it.each(["path-and-query", "path"])('is not sent unless uri is "rule": %s', async (uri) => {
    const harness = started(forwardAuth({ uri }));
    await harness.ask({ token: "abc", rule: "rule-0", path: "/orders/1" });
    await harness.ask({ token: "abc", rule: "rule-0", path: "/orders/2" });
    expect(sentUri(harness)).toBe("/orders/2");
  });

  it.each(["orders/:id", "/a b", "/caf\u00e9", ""])("that is no URI path ends the start: %j", (uri) => {
    const wrong = [{ name: "rule-0", scopes: [], uri }];
    expect(() => new Harness(configuration({ protocol: forwardAuth({ uri: "rule" }), rules: wrong }))).toThrow();
  });
});
