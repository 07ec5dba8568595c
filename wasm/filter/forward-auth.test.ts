/** Forward-auth: the check contains the request's headers; the reply's status decides, and refusals go to the client. */
import { describe, expect, it } from "vitest";
import { bodyOf, configuration, forwardAuth, Harness, noReply, outcome, reply, valuesOf } from "./testing/harness.ts";

describe("the check", () => {
  it("contains method, URI, host, scheme, chosen headers and the credential", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ requestHeaders: ["x-tenant", "x-absent"] }) }));
    await harness.ask({
      token: "abc",
      method: "PUT",
      path: "/orders/1?x=%20y",
      headers: [
        ["x-tenant", "a"],
        ["x-tenant", "b"],
      ],
    });
    expect(harness.lastCall().headers).toEqual([
      [":method", "GET"],
      [":path", "/check"],
      [":authority", "auth.example.com"],
      ["accept-encoding", "identity"],
      ["x-forwarded-method", "PUT"],
      ["x-forwarded-uri", "/orders/1?x=%20y"],
      ["x-forwarded-host", "api.example.com"],
      ["x-forwarded-proto", "https"],
      ["x-tenant", "a, b"],
      ["authorization", "Bearer abc"],
    ]);
    expect(harness.calls[0]?.timeoutMs).toBe(2000);
  });

  it("sends only the configured part of the URI", async () => {
    const path = new Harness(configuration({ protocol: forwardAuth({ uri: "path" }) }));
    await path.ask({ token: "abc", path: "/orders/1?secret=1" });
    expect(path.lastCall().header("x-forwarded-uri")).toBe("/orders/1");
    const none = new Harness(configuration({ protocol: forwardAuth({ uri: "none" }) }));
    await none.ask({ token: "abc", path: "/orders/1?secret=1" });
    expect(none.lastCall().header("x-forwarded-uri")).toBeUndefined();
  });

  it("contains the scopes and the permission of the matched rule, which a client cannot forge", async () => {
    const harness = new Harness(
      configuration({
        protocol: forwardAuth({ requestHeaders: ["x-ebb-scopes", "x-forwarded-host"] }),
        rules: [{ name: "rule-0", scopes: ["orders:admin", "orders:read"], permission: "orders.delete" }],
      }),
    );
    await harness.ask({ token: "abc", rule: "rule-0", headers: [["x-ebb-scopes", "everything"]] });
    const named = (name: string) => harness.lastCall().headers.filter(([candidate]) => candidate === name);
    expect(named("x-ebb-scopes")).toEqual([["x-ebb-scopes", "orders:admin orders:read"]]);
    expect(named("x-ebb-permission")).toEqual([["x-ebb-permission", "orders.delete"]]);
    expect(named("x-forwarded-host")).toEqual([["x-forwarded-host", "api.example.com"]]);
  });

  it("sends the credential once if its header is also a chosen one", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ requestHeaders: ["authorization"] }) }));
    await harness.ask({ token: "abc" });
    expect(harness.lastCall().headers.filter(([name]) => name === "authorization")).toEqual([
      ["authorization", "Bearer abc"],
    ]);
  });
});

describe("a 2xx", () => {
  it("allows, sets the chosen headers and removes those the reply lacks", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user", "X-Role"] }) }));
    harness.server = () =>
      reply(204, [
        ["x-user", "ada"],
        ["x-other", "no"],
      ]);
    const request = {
      token: "abc",
      headers: [["x-user", "mallory"] as [string, string], ["x-role", "admin"] as [string, string]],
    };
    for (const decision of [await harness.ask(request), await harness.ask(request)]) {
      expect(outcome(decision)).toBe("continue");
      expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
      expect(valuesOf(decision, "x-role")).toEqual([]);
      expect(valuesOf(decision, "x-other")).toBeUndefined();
    }
    expect(harness.calls).toHaveLength(1);
  });

  it("joins repeated headers and keeps empty ones", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-role", "x-empty"] }) }));
    harness.server = () =>
      reply(200, [
        ["x-role", "a"],
        ["x-role", "b"],
        ["x-empty", ""],
      ]);
    const decision = await harness.ask({ token: "abc" });
    expect(valuesOf(decision, "x-role")).toEqual(["a, b"]);
    expect(valuesOf(decision, "x-empty")).toEqual([""]);
  });

  it.each(["a\ufffdb", "a\u0001", "a\tb", " a", "a ", "a\u00a0", "\u3000a", "\ufeffa", "a\u0085b", "a\u2028b"])(
    "with an upstream header that would arrive changed is malformed: %j",
    async (user) => {
      const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
      harness.server = () => reply(200, [["x-user", user]]);
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    },
  );

  it("may have a body of any size, which is not read", async () => {
    const harness = new Harness();
    const before = harness.instance.allocatedBytes;
    harness.server = () => reply(200, [], "x".repeat(1_000_000));
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    expect(harness.instance.allocatedBytes - before).toBeLessThanOrEqual(2 * 65_536);
  });
});

describe("a refusal", () => {
  it("reaches the client with every cookie, the challenge, the location and the body", async () => {
    const harness = new Harness();
    harness.server = () =>
      reply(
        302,
        [
          ["set-cookie", "a=1; Path=/"],
          ["set-cookie", "b=2"],
          ["location", "https://login.example.com/"],
          ["content-type", "text/html"],
          ["x-internal", "secret"],
        ],
        "<a>login</a>",
      );
    const decision = await harness.ask({ token: "abc" });
    expect(outcome(decision)).toBe("302 denied");
    expect(valuesOf(decision, "set-cookie")).toEqual(["a=1; Path=/", "b=2"]);
    expect(valuesOf(decision, "location")).toEqual(["https://login.example.com/"]);
    expect(valuesOf(decision, "content-type")).toEqual(["text/html"]);
    expect(valuesOf(decision, "x-internal")).toEqual([]);
    expect(bodyOf(decision)).toBe("<a>login</a>");
  });

  it.each([
    [401, true],
    [403, true],
    [302, false],
    [400, false],
    [404, false],
    [429, false],
  ])("of status %i is cached: %s", async (status, isCached) => {
    const harness = new Harness();
    harness.server = () => reply(status, [["retry-after", "7"]], "because");
    const first = await harness.ask({ token: "abc" });
    const second = await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(isCached ? 1 : 2);
    expect({ ...second, calls: 0, paused: false }).toEqual({ ...first, calls: 0, paused: false });
    expect(outcome(second)).toBe(`${status} denied`);
    expect(bodyOf(second)).toBe("because");
  });

  it("with 401 always has a challenge, the server's own if it sent one", async () => {
    const harness = new Harness();
    harness.server = () => reply(401);
    expect(valuesOf(await harness.ask({ token: "a" }), "www-authenticate")).toEqual(['Bearer realm="orders"']);
    harness.server = () => reply(401, [["www-authenticate", "Negotiate"]]);
    expect(valuesOf(await harness.ask({ token: "b" }), "www-authenticate")).toEqual(["Negotiate"]);
  });

  it("with a cookie is not cached, nor one with too large a body, which is omitted", async () => {
    const harness = new Harness();
    harness.server = () => reply(403, [["set-cookie", "a=1"]]);
    await harness.ask({ token: "a" });
    await harness.ask({ token: "a" });
    expect(harness.calls).toHaveLength(2);
    harness.server = () => reply(403, [["content-type", "text/plain"]], "x".repeat(65_537));
    const decision = await harness.ask({ token: "b" });
    expect(bodyOf(decision)).toBe('{"error":"denied"}');
    expect(valuesOf(decision, "content-type")).toEqual(["application/json"]);
    await harness.ask({ token: "b" });
    expect(harness.calls).toHaveLength(4);
  });

  it.each([32_769, 65_536])("with a page of %i bytes passes unchanged, even beside large headers", async (size) => {
    const harness = new Harness();
    const page = Array.from({ length: size }, (_, at) => String.fromCharCode(0x21 + (at % 94))).join("");
    harness.server = () => reply(403, [["content-type", "text/html"]], page);
    const decision = await harness.ask({ token: "a" });
    expect(outcome(decision)).toBe("403 denied");
    expect(bodyOf(decision)).toBe(page);
    expect(valuesOf(decision, "content-type")).toEqual(["text/html"]);
    harness.server = () => reply(403, [["www-authenticate", `Bearer realm="${"r".repeat(8_000)}"`]], page);
    expect(bodyOf(await harness.ask({ token: "b" }))).toBe(page);
  });

  it("whose headers leave no room for its page contains the reason instead", async () => {
    const harness = new Harness();
    harness.server = () => reply(403, [["x-large", "x".repeat(60_000)]], "p".repeat(65_536));
    const decision = await harness.ask({ token: "a" });
    expect(outcome(decision)).toBe("403 denied");
    expect(bodyOf(decision)).toBe('{"error":"denied"}');
  });

  it("whose body is too large to keep is passed on and requested again", async () => {
    const harness = new Harness();
    harness.server = () => reply(403, [], "x".repeat(20_000));
    expect(bodyOf(await harness.ask({ token: "a" }))).toHaveLength(20_000);
    expect(bodyOf(await harness.ask({ token: "a" }))).toHaveLength(20_000);
    expect(harness.calls).toHaveLength(2);
  });
});

describe("no decision", () => {
  it.each([
    ["reset", "503 authorization_server_unreachable"],
    ["unreachable", "503 authorization_server_unreachable"],
    ["failing", "503 authorization_server_unreachable"],
    ["suspended", "503 authorization_server_unreachable"],
    ["timeout", "503 authorization_server_timeout"],
    ["overflow", "503 authorization_server_overloaded"],
    ["rate_limited", "429 rate_limited"],
    ["rejected", "503 authorization_server_error"],
  ] as const)("because of %s is %s and not cached", async (reason, expected) => {
    const harness = new Harness();
    harness.server = () => noReply(reason);
    const decision = await harness.ask({ token: "abc" });
    expect(outcome(decision)).toBe(expected);
    expect(bodyOf(decision)).toBe(JSON.stringify({ error: expected.slice(4) }));
    harness.server = () => reply(200);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
  });

  it.each([500, 502, 503, 530, 599])("because of status %i is 503", async (status) => {
    const harness = new Harness();
    harness.server = () => reply(status, [["set-cookie", "a=1"]], "stack trace");
    const decision = await harness.ask({ token: "abc" });
    expect(outcome(decision)).toBe("503 authorization_server_error");
    expect(bodyOf(decision)).not.toContain("stack");
    expect(valuesOf(decision, "set-cookie")).toEqual([]);
  });

  it.each(["", "20", "2000", "abc", "101", "600", "-20"])("because of the status %j is malformed", async (status) => {
    const harness = new Harness();
    harness.server = () => ({ ok: true, headers: [[":status", status]], body: new Uint8Array(0), trailers: [] });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
  });
});

describe("failOpen", () => {
  const open = () =>
    new Harness(configuration({ failOpen: true, protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));

  it("lets requests pass, without identity and counted, if the server answers no one", async () => {
    const harness = open();
    harness.server = () => noReply("unreachable");
    const decision = await harness.ask({ token: "abc", headers: [["x-user", "mallory"]] });
    expect(outcome(decision)).toBe("continue");
    expect(valuesOf(decision, "x-user")).toEqual([]);
    expect(harness.metric("ebb_fail_open")).toBe(1);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it.each([noReply("reset"), noReply("timeout"), noReply("suspended"), noReply("failing"), reply(502), reply(530)])(
    "does not apply to a single failed call, which a client can cause: %o",
    async (result) => {
      const harness = open();
      harness.server = () => result;
      expect(outcome(await harness.ask({ token: "abc" }))).toMatch(/^503/);
    },
  );

  it("does not apply to a call that the host rejects", async () => {
    const harness = new Harness(configuration({ failOpen: true, protocol: forwardAuth({ cluster: "unheard-of" }) }));
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unknown");
    expect(harness.calls).toHaveLength(0);
    expect(harness.metric("ebb_fail_open")).toBe(0);
  });

  it("does not apply to a full queue, other errors, garbage, or a missing credential", async () => {
    const harness = open();
    const faults = [noReply("overflow"), noReply("rejected"), reply(500), reply(501), reply(403)];
    for (const fault of faults) {
      harness.server = () => fault;
      expect(outcome(await harness.ask({ token: "abc" }))).not.toBe("continue");
    }
    expect(outcome(await harness.ask())).toBe("401 missing_credential");
    expect(harness.metric("ebb_fail_open")).toBe(0);
  });
});
