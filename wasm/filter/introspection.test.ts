/** RFC 7662: only a literal `"active": true` allows, and a reply that two parsers could read differently is malformed. */
import { describe, expect, it } from "vitest";
import {
  bodyOf,
  configuration,
  Harness,
  introspection,
  type Json,
  noReply,
  outcome,
  reply,
  upstreamClaims,
  valuesOf,
} from "./testing/harness.ts";

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

  it("encodes id and secret before Basic, as RFC 6749 2.3.1 requires", async () => {
    const harness = started({ clientAuthentication: { type: "basic", id: "a:b c", secret: "p%ä" } });
    await harness.ask({ token: "abc" });
    expect(harness.lastCall().header("authorization")).toBe(`Basic ${btoa("a%3Ab+c:p%25%C3%A4")}`);
  });

  it("carries the fixed headers of the configuration", async () => {
    const harness = started({ headers: { "CF-Access-Client-Id": "ebb", "cf-access-client-secret": "s3cret" } });
    await harness.ask({ token: "abc" });
    expect(harness.lastCall().header("cf-access-client-id")).toBe("ebb");
    expect(harness.lastCall().header("cf-access-client-secret")).toBe("s3cret");
  });

  it("authenticates with a form, with a bearer token or not at all", async () => {
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
  it("is allowed, and its claims are sent to the upstream", async () => {
    const harness = started({
      upstreamClaims: upstreamClaims({
        sub: "x-user",
        client_id: "x-client",
        admin: "x-admin",
        level: "x-level",
        aud: "x-aud",
        iss: "x-iss",
      }),
    });
    harness.server = () =>
      reply(
        200,
        [],
        '{"admin":true,"sub":"a\\u00e9\\ud83c\\udf0a","level":-1.5e3,"aud":{"x":1},"active":true,"scope":"a"}',
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

  it("without the scopes gets a challenge that names them, also from the cache", async () => {
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

  it("allowed by one rule is not allowed by another", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true });
    expect(outcome(await harness.ask({ token: "abc", rule: "open" }))).toBe("continue");
    expect(outcome(await harness.ask({ token: "abc", rule: "admin" }))).toBe("403 insufficient_scope");
  });

  it("is refused under an unknown rule", async () => {
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

describe("a reply as real servers write it", () => {
  it.each<[string, Json]>([
    ["null in every member", { active: false, scope: null, sub: null, exp: null, nbf: null, client_id: null }],
    ["members of any kind, even twice", '{"active":false,"exp":{},"exp":[],"scope":7,"sub":true,"sub":""}'],
    ["a subject that is invalid in a header", { active: false, sub: " root " }],
    ["an exp that is past", { active: false, exp: 1 }],
  ])("that is inactive may have %s beside it", async (_, body) => {
    const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user" }) });
    harness.server = () => reply(200, [], body);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
    expect(harness.calls).toHaveLength(1);
  });

  it("may have null for unknown members of an active token", async () => {
    const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user", scope: "x-scope" }) });
    harness.server = () => reply(200, [], { active: true, exp: null, nbf: null, scope: null, sub: null });
    const headers: [string, string][] = [
      ["x-user", "forged"],
      ["x-scope", "forged"],
    ];
    const decision = await harness.ask({ token: "abc", headers });
    expect(outcome(decision)).toBe("continue");
    expect([valuesOf(decision, "x-user"), valuesOf(decision, "x-scope")]).toEqual([[], []]);
    expect(outcome(await harness.ask({ token: "abc", rule: "admin" }))).toBe("403 insufficient_scope");
  });

  it.each([["1790000030"], ["1790000030.5"], ["001790000030"]])("may have exp as the text %s", async (exp) => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true, exp });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
    harness.advance(29_999);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    harness.advance(501);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
  });

  it.each<[Json, string]>([
    [["orders:read", "orders:admin"], "orders:read orders:admin"],
    [["x", "orders:admin", "orders:read", "y"], "x orders:admin orders:read y"],
  ])("may have scope as the list %j", async (scope, sent) => {
    const harness = started({ upstreamClaims: upstreamClaims({ scope: "x-scope" }) });
    harness.server = () => reply(200, [], { active: true, scope });
    const decision = await harness.ask({ token: "abc", rule: "admin" });
    expect(outcome(decision)).toBe("continue");
    expect(valuesOf(decision, "x-scope")).toEqual([sent]);
  });

  it("may have escapes in a list of scopes, and none in the list", async () => {
    const harness = started({ upstreamClaims: upstreamClaims({ scope: "x-scope" }) });
    harness.server = () => reply(200, [], '{"active":true,"scope":["\\u006frders:read","a","orders\\u003aadmin"]}');
    const decision = await harness.ask({ token: "abc", rule: "admin" });
    expect(outcome(decision)).toBe("continue");
    expect(valuesOf(decision, "x-scope")).toEqual(["orders:read a orders:admin"]);
    for (const scope of [[], ""]) {
      harness.server = () => reply(200, [], { active: true, scope });
      const without = await harness.ask({ token: `t${JSON.stringify(scope)}`, headers: [["x-scope", "forged"]] });
      expect(valuesOf(without, "x-scope")).toEqual([]);
      expect(outcome(await harness.ask({ token: "def", rule: "admin" }))).toBe("403 insufficient_scope");
    }
  });

  it.each(["7", "0", "-12", "9007199254740993", "123456789012345678901234567890"])(
    "may have sub as the number %s; its digits are the subject",
    async (digits) => {
      const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user" }) });
      harness.server = () => reply(200, [], `{"active":true,"sub":${digits}}`);
      expect(valuesOf(await harness.ask({ token: "abc" }), "x-user")).toEqual([digits]);
    },
  );

  it("may contain names beyond ASCII", async () => {
    const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user" }) });
    for (const sub of ["Zo\u00eb", "\u738b\u5c0f\u660e", "a \u{1f30a} b", "e\u0301", "Ren\u00e9 van \u2013 Dyk"]) {
      harness.server = () => reply(200, [], { active: true, sub });
      expect(valuesOf(await harness.ask({ token: `t${btoa(encodeURIComponent(sub))}` }), "x-user")).toEqual([sub]);
    }
  });
});

describe("an active token outside its validity", () => {
  it("is refused once its exp is past on the host's clock, and the refusal is kept", async () => {
    for (const exp of [0, -5, 1, 1_789_999_999, 1_790_000_000, "1789999999", "-5", 1_789_999_999.999]) {
      const harness = started();
      harness.server = () => reply(200, [], { active: true, exp });
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
      expect(harness.calls).toHaveLength(1);
    }
  });

  it("is allowed again after a clock that had jumped ahead came back", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true, exp: 1_790_003_600 });
    harness.now += 86_400_000;
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
    harness.now -= 86_400_000;
    expect(outcome(await harness.ask({ token: "def" }))).toBe("continue");
  });

  it("is refused once its exp in milliseconds is past", async () => {
    const harness = started();
    for (const exp of [harness.now - 1, String(harness.now - 1)]) {
      harness.server = () => reply(200, [], { active: true, exp });
      expect(outcome(await harness.ask({ token: `past-${typeof exp}` }))).toBe("401 token_inactive");
    }
    harness.server = () => reply(200, [], { active: true, exp: harness.now + 30_000, nbf: harness.now - 1 });
    expect(outcome(await harness.ask({ token: "valid" }))).toBe("continue");
    harness.advance(30_000);
    harness.server = () => reply(200, [], { active: false });
    expect(outcome(await harness.ask({ token: "valid" }))).toBe("401 token_inactive");
  });

  it("is refused more than a minute before its nbf, and the refusal is not cached", async () => {
    const harness = started();
    harness.server = () => reply(200, [], { active: true, nbf: 1_790_000_090 });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("401 token_inactive");
    harness.advance(30_000);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
  });
});

describe("a 429", () => {
  it.each(["7", "Fri, 31 Dec 1999 23:59:59 GMT"])("is an error whose Retry-After passes on: %s", async (after) => {
    const harness = started();
    for (const status of [429, 503]) {
      harness.server = () => reply(status, [["retry-after", after]], "slow down");
      const decision = await harness.ask({ token: "abc" });
      expect(outcome(decision)).toBe("503 authorization_server_error");
      expect(valuesOf(decision, "retry-after")).toEqual([after]);
      expect(valuesOf(decision, "www-authenticate")).toEqual([]);
    }
    harness.server = () => reply(500, [["retry-after", after]]);
    expect(valuesOf(await harness.ask({ token: "abc" }), "retry-after")).toEqual([]);
  });

  it("does not pass on values other than seconds or a date, nor an earlier reply's value", async () => {
    const harness = started();
    for (const headers of [[["retry-after", "7\u00e9"]], [["retry-after", "9".repeat(40)]], []] as [
      string,
      string,
    ][][]) {
      harness.server = () => reply(429, [["retry-after", "7"]]);
      await harness.ask({ token: "abc" });
      harness.server = () => reply(429, headers);
      expect(valuesOf(await harness.ask({ token: "abc" }), "retry-after")).toEqual([]);
    }
  });
});

describe("a reply without a decision", () => {
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
    ["active only in a nested object", { token: { active: true } }],
    ["exp as a text that is not a number", { active: true, exp: "tomorrow" }],
    ["exp as a text with an exponent", { active: true, exp: "1.79e9" }],
    ["exp as an empty text", { active: true, exp: "" }],
    ["exp as a text that begins with a point", { active: true, exp: ".5" }],
    ["exp as a boolean", { active: true, exp: true }],
    ["nbf as a list", { active: true, nbf: [1] }],
    ["exp twice", '{"active":true,"exp":1,"exp":9999999999}'],
    ["exp null, then a number", '{"active":true,"exp":null,"exp":9999999999}'],
    ["scope as an object", { active: true, scope: { a: true } }],
    ["scope as a list of numbers", { active: true, scope: ["a", 7] }],
    ["scope as a list with an element of two words", { active: true, scope: ["a b"] }],
    ["scope as a list with an empty element", { active: true, scope: [""] }],
    ["scope twice", '{"active":true,"scope":"a","scope":"b"}'],
    ["sub as a number with an exponent", '{"active":true,"sub":1e0}'],
    ["sub as a number with a fraction", '{"active":true,"sub":1.0}'],
    ["sub as minus zero", '{"active":true,"sub":-0}'],
    ["sub as a boolean", { active: true, sub: true }],
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

  it.each([
    ...["a\r\nx-admin: 1", "a\nb", "a\0", "a\ufffd", "a\tb", "a\u007f", "a\u0085b", "a\u2028b"],
    ...["", " ", " root", "root ", "\troot", "root\u00a0", "\u2003root", "root\u3000", "\ufeffroot"],
  ])("is malformed with a claim that would change in a header: %j", async (sub) => {
    const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user" }) });
    harness.server = () => reply(200, [], { active: true, sub });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it("is malformed with a claim for the upstream that occurs twice", async () => {
    for (const body of ['{"active":true,"sub":"a","sub":"a"}', '{"active":true,"name":null,"name":"a"}']) {
      const harness = started({ upstreamClaims: upstreamClaims({ sub: "x-user", name: "x-name" }) });
      harness.server = () => reply(200, [], body);
      expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_malformed");
    }
  });

  it.each([201, 204, 302, 400, 401, 403, 404, 429, 500])("is an error with status %i", async (status) => {
    const harness = started();
    harness.server = () => reply(status, [["location", "/login"]], { active: true });
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_error");
    expect(harness.metric("ebb_cache_entries")).toBe(0);
  });

  it("is distinguished by its cause", async () => {
    const harness = started();
    harness.server = () => noReply("timeout");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_timeout");
  });

  it("is accepted with blanks, escapes, nested values within the limit and unknown members", async () => {
    expect(
      await answered(
        ' {\n"x": [[[{"a": [1, 2.5E-3, "\\"\\\\\\/\\b\\f\\n\\r\\t"]}]]],\t"active" : true , "y":{} , "z":[] }\r\n',
      ),
    ).toBe("continue");
  });
});

describe("what the configuration expects of an active token", () => {
  const expecting = (...expect: { claim: string; anyOf: string[] }[]) => started({ expect });
  const decided = async (harness: Harness, body: { [name: string]: Json } | string) => {
    harness.server = () => reply(200, [], typeof body === "string" ? body : { active: true, ...body });
    return outcome(await harness.ask({ token: "abc" }));
  };
  const aud = { claim: "aud", anyOf: ["orders-api", "all"] };

  it.each<[Json]>([["orders-api"], ["all"], [["billing", "orders-api"]], [[7, null, "all"]]])(
    "is met by the audience %j",
    async (value) => {
      expect(await decided(expecting(aud), { aud: value })).toBe("continue");
    },
  );

  it.each<[Json]>([
    ["billing"],
    ["orders-api "],
    ["ORDERS-API"],
    ["orders"],
    [""],
    [["billing"]],
    [[]],
    [[["orders-api"]]],
    [{ "orders-api": true }],
    [7],
    [true],
    [null],
  ])("is not met by the audience %j", async (value) => {
    expect(await decided(expecting(aud), { aud: value })).toBe("401 token_unexpected");
  });

  it("is not met by a reply without the claim, and the challenge says so", async () => {
    const harness = expecting(aud);
    harness.server = () => reply(200, [], { active: true });
    const decision = await harness.ask({ token: "abc" });
    expect(outcome(decision)).toBe("401 token_unexpected");
    expect(valuesOf(decision, "www-authenticate")).toEqual(['Bearer realm="orders", error="invalid_token"']);
    expect(bodyOf(decision)).toBe('{"error":"token_unexpected"}');
  });

  it("must be met in every claim", async () => {
    const iss = { claim: "iss", anyOf: ["https://login.example.com"] };
    const client = { claim: "client_id", anyOf: ["web", "app"] };
    const body = { aud: "all", iss: "https://login.example.com", client_id: "app" };
    expect(await decided(expecting(aud, iss, client), body)).toBe("continue");
    for (const name of ["aud", "iss", "client_id"] as const) {
      expect(await decided(expecting(aud, iss, client), { ...body, [name]: "other" })).toBe("401 token_unexpected");
    }
    expect(await decided(expecting(iss), { iss: "https://login.example.com/" })).toBe("401 token_unexpected");
    expect(await decided(expecting(client), { client_id: 7 })).toBe("401 token_unexpected");
  });

  it("compares token types in any case", async () => {
    const type = { claim: "token_type", anyOf: ["bearer"] };
    expect(await decided(expecting(type), { token_type: "Bearer" })).toBe("continue");
    expect(await decided(expecting(type), { token_type: "DPoP" })).toBe("401 token_unexpected");
  });

  it("is malformed if the reply names the claim twice", async () => {
    const twice = '{"active":true,"aud":"billing","aud":"all"}';
    expect(await decided(expecting(aud), twice)).toBe("503 authorization_server_malformed");
    expect(await decided(started(), twice)).toBe("continue");
  });

  it("leaves an inactive token inactive, and never turns a refusal into an allow", async () => {
    expect(await decided(expecting(aud), { active: false, aud: "all" })).toBe("401 token_inactive");
    expect(await decided(expecting(aud), { aud: "all", exp: 1 })).toBe("401 token_inactive");
  });

  it("may also be a claim for the upstream", async () => {
    const harness = started({ expect: [aud], upstreamClaims: upstreamClaims({ aud: "x-aud" }) });
    harness.server = () => reply(200, [], { active: true, aud: "all" });
    expect(valuesOf(await harness.ask({ token: "one" }), "x-aud")).toEqual(["all"]);
    harness.server = () => reply(200, [], { active: true, aud: ["all", "billing"] });
    const listed = await harness.ask({ token: "list" });
    expect(outcome(listed)).toBe("continue");
    expect(valuesOf(listed, "x-aud")).toEqual(["all,billing"]);
  });

  it("is kept like any refusal", async () => {
    const harness = expecting(aud);
    expect(await decided(harness, { aud: "billing" })).toBe("401 token_unexpected");
    expect(await decided(harness, { aud: "billing" })).toBe("401 token_unexpected");
    expect(harness.calls).toHaveLength(1);
  });
});
