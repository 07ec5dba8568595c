/** RFC 7662: only a literal `"active": true` allows, and a reply that two parsers could read differently is no reply. */
import { describe, expect, it } from "vitest";
import { bodyOf, configuration, Harness, type Json, noReply, outcome, reply, valuesOf } from "./testing/harness.ts";

function introspection(changes: { [name: string]: Json } = {}): { [name: string]: Json } {
  return {
    type: "introspection",
    cluster: "auth",
    authority: "as.example.com",
    path: "/introspect",
    timeoutMs: 1500,
    clientAuthentication: { type: "basic", id: "ebb", secret: "s3cret" },
    ...changes,
  };
}

const RULES = [
  { name: "admin", scopes: ["orders:admin", "orders:read"] },
  { name: "open", scopes: [] },
];

const started = (changes: { [name: string]: Json } = {}): Harness =>
  new Harness(configuration({ protocol: introspection(changes), rules: RULES }));

const answered = async (body: Json, rule = ""): Promise<string> => {
  const harness = started();
  harness.server = () => reply(200, [], body);
  const decision = outcome(await harness.ask({ token: "abc", rule }));
  if (decision.startsWith("503")) expect(harness.metric("ebb_cache_entries")).toBe(0);
  return decision;
};

describe("the call", () => {
  it("posts the token as a form and nothing of the request", async () => {
    const harness = started();
    await harness.ask({ token: "a+b/c=", path: "/orders/secret" });
    expect(harness.lastCall().headers).toEqual([
      [":method", "POST"],
      [":path", "/introspect"],
      [":authority", "as.example.com"],
      ["content-type", "application/x-www-form-urlencoded"],
      ["accept", "application/json"],
      ["authorization", `Basic ${btoa("ebb:s3cret")}`],
    ]);
    expect(harness.lastCall().body).toBe("token=a%2Bb%2Fc%3D&token_type_hint=access_token");
  });

  it("encodes id and secret before Basic, as RFC 6749 2.3.1 asks", async () => {
    const harness = started({ clientAuthentication: { type: "basic", id: "a:b c", secret: "p%ä" } });
    await harness.ask({ token: "abc" });
    expect(harness.lastCall().header("authorization")).toBe(`Basic ${btoa("a%3Ab+c:p%25%C3%A4")}`);
  });

  it("authenticates by form, by bearer token or not at all", async () => {
    const post = started({ clientAuthentication: { type: "post", id: "e&b", secret: "x=y" } });
    await post.ask({ token: "abc" });
    expect(post.lastCall().body).toBe("token=abc&token_type_hint=access_token&client_id=e%26b&client_secret=x%3Dy");
    expect(post.lastCall().header("authorization")).toBeUndefined();
    const bearer = started({ clientAuthentication: { type: "bearer", token: "gateway" } });
    await bearer.ask({ token: "abc" });
    expect(bearer.lastCall().header("authorization")).toBe("Bearer gateway");
    const none = started({ clientAuthentication: { type: "none" } });
    await none.ask({ token: "abc" });
    expect(none.lastCall().header("authorization")).toBeUndefined();
  });
});

describe("an active token", () => {
  it("is allowed, and its claims go on to the upstream", async () => {
    const harness = started({
      upstreamClaims: {
        sub: "x-user",
        client_id: "x-client",
        admin: "x-admin",
        level: "x-level",
        aud: "x-aud",
        iss: "x-iss",
      },
    });
    harness.server = () =>
      reply(
        200,
        [],
        '{"admin":true,"sub":"a\\u00e9\\ud83c\\udf0a","level":-1.5e3,"aud":["x"],"active":true,"scope":"a"}',
      );
    const headers: [string, string][] = [
      ["x-client", "forged"],
      ["x-aud", "forged"],
    ];
    for (const decision of [
      await harness.ask({ token: "abc", headers }),
      await harness.ask({ token: "abc", headers }),
    ]) {
      expect(outcome(decision)).toBe("continue");
      expect(valuesOf(decision, "x-user")).toEqual(["aé🌊"]);
      expect(valuesOf(decision, "x-admin")).toEqual(["true"]);
      expect(valuesOf(decision, "x-level")).toEqual(["-1.5e3"]);
      expect(valuesOf(decision, "x-client")).toEqual([]);
      expect(valuesOf(decision, "x-aud")).toEqual([]);
    }
    expect(harness.calls).toHaveLength(1);
  });

  it("needs every scope of the rule", async () => {
    expect(await answered({ active: true, scope: "x orders:read orders:admin" }, "admin")).toBe("continue");
    expect(await answered({ active: true, scope: "orders:read" }, "admin")).toBe("403 insufficient_scope");
    expect(await answered({ active: true, scope: "orders:admins orders:read" }, "admin")).toBe(
      "403 insufficient_scope",
    );
    expect(await answered({ active: true }, "admin")).toBe("403 insufficient_scope");
    expect(await answered({ active: true }, "open")).toBe("continue");
  });

  it("without the scopes gets a challenge that names them, from the cache too", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true });
    await harness.ask({ token: "abc", rule: "admin" });
    const decision = await harness.ask({ token: "abc", rule: "admin" });
    expect(valuesOf(decision, "www-authenticate")).toEqual([
      'Bearer realm="orders", error="insufficient_scope", scope="orders:admin orders:read"',
    ]);
    expect(outcome(decision)).toBe("403 insufficient_scope");
    expect(harness.calls).toHaveLength(1);
  });

  it("allowed by one rule is not thereby allowed by another", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true });
    expect(outcome(await harness.ask({ token: "abc", rule: "open" }))).toBe("continue");
    expect(outcome(await harness.ask({ token: "abc", rule: "admin" }))).toBe("403 insufficient_scope");
  });

  it("under a rule that the filter does not know is refused", async () => {
    expect(await answered({ active: true }, "unheard-of")).toBe("503 unknown_rule");
  });
});

describe("an inactive token", () => {
  it("is refused with a challenge and cached for the short time", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: false });
    const decision = await harness.ask({ token: "abc" });
    expect(outcome(decision)).toBe("401 token_inactive");
    expect(valuesOf(decision, "www-authenticate")).toEqual(['Bearer realm="orders", error="invalid_token"']);
    expect(bodyOf(decision)).toBe('{"error":"token_inactive"}');
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    harness.advance(10_000);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });
});

describe("a reply that is no decision", () => {
  it.each<[string, Json]>([
    ["nothing", ""],
    ["text", "active"],
    ["a list", "[true]"],
    ["an object without active", {}],
    ["active as text", { active: "true" }],
    ["active as a number", { active: 1 }],
    ["active null", { active: null }],
    ["active twice", '{"active":false,"active":true}'],
    ["active twice, once escaped", '{"active":true,"\\u0061ctive":true}'],
    ["active only deeper", { token: { active: true } }],
    ["exp as text", { active: true, exp: "1790000600" }],
    ["exp null", { active: true, exp: null }],
    ["exp twice", '{"active":true,"exp":1,"exp":9999999999}'],
    ["scope as a list", { active: true, scope: ["a"] }],
    ["scope twice", '{"active":true,"scope":"a","scope":"b"}'],
    ["sub as a number", { active: true, sub: 7 }],
    ["a second document", '{"active":true}{}'],
    ["a trailing comma", '{"active":true,}'],
    ["a comment", '{"active":true/**/}'],
    ["a missing brace", '{"active":true'],
    ["True", '{"active":True}'],
    ["a number with a leading zero", '{"active":true,"n":01}'],
    ["a bare minus", '{"active":true,"n":-}'],
    ["a control character in a string", '{"active":true,"n":"a\u0001"}'],
    ["an unknown escape", '{"active":true,"n":"\\x"}'],
    ["a lone surrogate", '{"active":true,"n":"\\ud800"}'],
    ["a byte order mark", '\ufeff{"active":true}'],
    ["a depth of 40", `{"active":true,"n":${"[".repeat(40)}${"]".repeat(40)}}`],
    ["a depth of 100,000", "[".repeat(30_000)],
    ["more than 32 KiB", { active: true, n: "x".repeat(33_000) }],
  ])("is malformed: %s", async (_, body) => {
    expect(await answered(body)).toBe("503 authorization_server_malformed");
  });

  it("is malformed with bytes that are not UTF-8", async () => {
    const harness = started();
    const body = new Uint8Array([...new TextEncoder().encode('{"active":true,"n":"'), 0xff, 0x22, 0x7d]);
    harness.server = () => ({ ok: true, headers: [[":status", "200"]], body, trailers: [] });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
  });

  it("is malformed with a claim that would break out of its header", async () => {
    const harness = started({ upstreamClaims: { sub: "x-user" } });
    for (const sub of ["a\r\nx-admin: 1", "a\0", "a\ufffd"]) {
      harness.server = () => reply(200, [], { active: true, sub });
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    }
  });

  it.each([201, 204, 302, 400, 401, 403, 404, 429, 500])("is an error with status %i", async (status) => {
    const harness = started();
    harness.server = () => reply(status, [["location", "/login"]], { active: true });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_error");
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it("is told apart by its cause", async () => {
    const harness = started();
    harness.server = () => noReply("timeout");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_timeout");
  });

  it("is accepted with blanks, escapes, deep values within bounds and unknown members", async () => {
    expect(
      await answered(
        ' {\n"x": [[[{"a": [1, 2.5E-3, "\\"\\\\\\/\\b\\f\\n\\r\\t"]}]]],\t"active" : true , "y":{} , "z":[] }\r\n',
      ),
    ).toBe("continue");
  });
});
