/** Settings of AuthZEN, OPA and introspection that several fields decide on together. */
import { describe, expect, it } from "vitest";
import { keyedBy } from "./decision-key.ts";
import { filterConfiguration } from "./filter-configuration.ts";
import { secret } from "./input.ts";
import { neededSecrets } from "./needed-secrets.ts";
import { builtInService, gatewayOf, problemsOf, serviceOf } from "./testing/inputs.ts";

const digestKey = "00112233445566778899aabbccddeeff";

function filterConfigurationOf(fields: object, secrets: Record<string, string> = {}) {
  const result = filterConfiguration(serviceOf(builtInService({ ...fields })), {
    digestKey,
    secrets: (name) => secrets[name],
  });
  return result.ok ? JSON.parse(new TextDecoder().decode(result.plugin)) : result.missingSecret;
}

function problems(authorization: object, fields: object = {}): string[] {
  return problemsOf({ services: { orders: builtInService({ authorization, ...fields }) } }).map((problem) =>
    problem.replace("services.orders.", ""),
  );
}

describe("AuthZEN", () => {
  const authZen = { protocol: "authzen", cluster: "auth" };

  it("is asked about no route with two parameters of one name, of which it could read either", () => {
    const rules = [{ path: "/orders/:id/items/:id" }, { path: "/orders/:id" }];
    expect(problems({ ...authZen, resource: "route", uri: "path" }, { rules })).toEqual([
      expect.stringMatching(/^.*rules\[0\]\.path: found "\/orders\/:id\/items\/:id"; allowed: a path whose parameters/),
    ]);
    expect(problems({ ...authZen, uri: "path" }, { rules })).toEqual([]);
  });

  it("gets patterns as OpenAPI writes them if it is asked about routes", () => {
    const rules = [
      { path: "/orders/health", public: true },
      { path: "/orders/caf\u00e9/:id/items/:item_no" },
      { path: "/orders/:id/*", scopes: ["a"] },
    ];
    const authorization = { ...authZen, resource: "route", uri: "path", enforcesScopes: true };
    expect(filterConfigurationOf({ rules, authorization }).rules).toEqual([
      { name: "authenticate", scopes: [] },
      { name: "rule-1", scopes: [], uri: "/orders/caf%C3%A9/{id}/items/{item_no}" },
      { name: "rule-2", scopes: ["a"], uri: "/orders/{id}/*" },
    ]);
    expect(keyedBy(serviceOf(builtInService({ rules, authorization })))).toContain("rule");
  });

  it("needs a rule that is not public for that", () => {
    expect(problems({ ...authZen, resource: "route" })).toEqual([
      expect.stringMatching(/^authorization\.resource: found "route"; allowed: only with rules/),
    ]);
  });

  it("finds its endpoint where it is told to, and only there", () => {
    expect(filterConfigurationOf({ authorization: { ...authZen, path: "discover" } }).protocol.path).toBe(
      "/.well-known/authzen-configuration",
    );
    for (const path of ["Discover", "discover ", ""]) {
      expect(problems({ ...authZen, path })).toEqual([expect.stringMatching(/^authorization\.path: /)]);
    }
    expect(problems({ protocol: "opa", cluster: "auth", path: "discover" })).toHaveLength(1);
  });

  it.each([{ subjectType: "" }, { subjectType: 'a"b\u0000' }, { resource: "rule" }, { action: "GET" }])(
    "cannot be told %j",
    (fields) => {
      expect(problems({ ...authZen, ...fields }, { rules: [{ path: "/orders/:id" }] })).toHaveLength(1);
    },
  );

  it("cannot break out of its question by a name", () => {
    const authorization = { ...authZen, subjectType: '","admin":"' };
    const { question } = filterConfigurationOf({ authorization }).protocol;
    expect(question[0]).toBe('{"subject":{"type":"\\",\\"admin\\":\\"","id":');
  });
});

describe("a private key", () => {
  const clientAuthentication = {
    type: "private-key-jwt",
    id: secret("CLIENT_ID"),
    key: secret("CLIENT_KEY"),
    algorithm: "ES256",
    audience: "https://login.example",
  };
  const introspection = { protocol: "introspection", cluster: "auth", path: "/i", clientAuthentication };

  it("never reaches the filter", () => {
    const configured = filterConfigurationOf({ authorization: introspection }, { CLIENT_ID: "id", CLIENT_KEY: "hush" });
    expect(configured.protocol.clientAuthentication).toEqual({ type: "none" });
    expect(JSON.stringify(configured)).not.toContain("hush");
  });

  it("must be there, though the filter does not see it", () => {
    expect(filterConfigurationOf({ authorization: introspection })).toBe("CLIENT_ID");
    expect(filterConfigurationOf({ authorization: introspection }, { CLIENT_ID: "id" })).toBe("CLIENT_KEY");
    expect(neededSecrets(gatewayOf({ orders: builtInService({ authorization: introspection }) }))).toEqual([
      "CLIENT_ID",
      "CLIENT_KEY",
    ]);
  });

  it.each([
    [{ key: "-----BEGIN PRIVATE KEY-----" }, /^authorization\.clientAuthentication\.key: /],
    [{ algorithm: "HS256" }, /^authorization\.clientAuthentication\.algorithm: .*one of "RS256"/],
    [{ algorithm: "none" }, /^authorization\.clientAuthentication\.algorithm: /],
    [{ audience: undefined }, /^authorization\.clientAuthentication\.audience: found nothing/],
    [{ secret: secret("S") }, /^authorization\.clientAuthentication\.secret: /],
  ])("cannot be configured with %j, and the problem does not repeat it", (fields, problem) => {
    const found = problems({ ...introspection, clientAuthentication: { ...clientAuthentication, ...fields } });
    expect(found).toEqual([expect.stringMatching(problem)]);
    expect(found.join()).not.toContain("BEGIN");
  });
});

describe("signed replies", () => {
  const withReplies = (signedReplies: object, clientAuthentication: object = { type: "none" }) =>
    problems({ protocol: "introspection", cluster: "auth", path: "/i", clientAuthentication, signedReplies });
  const issuer = "https://login.example";

  it.each<[object, RegExp]>([
    [{ issuer }, /^authorization\.signedReplies\.audience: found nothing; allowed: the aud of the replies/],
    [{ issuer: "login", audience: "a" }, /^authorization\.signedReplies\.issuer: .*jwks/],
    [{ issuer, audience: "a", algorithms: ["HS256"] }, /^authorization\.signedReplies\.algorithms\[0\]: /],
    [{ issuer, audience: "a", algorithms: ["none"] }, /^authorization\.signedReplies\.algorithms\[0\]: /],
    [{ issuer, audience: "a", algorithms: [] }, /^authorization\.signedReplies\.algorithms: /],
    [{ issuer, audience: "a", sharedSecret: secret("S") }, /^authorization\.signedReplies\.sharedSecret: /],
    [
      { issuer, audience: "a", jwks: { cluster: "nowhere", path: "/keys" } },
      /^authorization\.signedReplies\.jwks\.cluster: found "nowhere"/,
    ],
  ])("cannot be %j", (signedReplies, problem) => {
    expect(withReplies(signedReplies)).toEqual([expect.stringMatching(problem)]);
  });

  it("are for the client's id if there is one", () => {
    expect(withReplies({ issuer }, { type: "basic", id: "gateway", secret: secret("S") })).toEqual([]);
    expect(withReplies({ issuer: "login", audience: "a", jwks: { cluster: "auth", path: "/keys" } })).toEqual([]);
  });

  it("may come before a decision point", () => {
    const subject = { cluster: "auth", path: "/i", clientAuthentication: { type: "none" }, signedReplies: { issuer } };
    expect(problems({ protocol: "opa", cluster: "auth", path: "/v1/data/a", subject })).toEqual([
      expect.stringMatching(/^authorization\.subject\.signedReplies\.audience: /),
    ]);
  });
});

describe("requestBody", () => {
  const requestBody = { maxBytes: 1_000 };
  const forwardAuth = { protocol: "forward-auth", cluster: "auth", path: "/check", method: "POST", requestBody };

  it("is in the key, with what says how to read it", () => {
    const service = serviceOf(
      builtInService({ authorization: { ...forwardAuth, requestHeaders: ["Content-Type", "x-a"] } }),
    );
    expect(keyedBy(service)?.at(-1)).toBe("type and first bytes of the body");
    expect(service.neededHeaders).toEqual([
      "authorization",
      "content-type",
      "x-a",
      "content-encoding",
      "x-ebb-request-body",
    ]);
    const { protocol } = filterConfigurationOf({ authorization: forwardAuth });
    expect(protocol.requestHeaders).toEqual(["content-type", "content-encoding", "x-ebb-request-body"]);
    expect(protocol).not.toHaveProperty("requestBody");
  });

  it("needs a method that carries it", () => {
    for (const method of ["GET", "HEAD", undefined]) {
      expect(problems({ ...forwardAuth, method })).toEqual([
        expect.stringMatching(/^authorization\.method: found "(GET|HEAD)"; allowed: "POST" with requestBody/),
      ]);
    }
  });

  it.each([0, -1, 1.5, 65_537, "8192", null])("cannot have %j bytes", (maxBytes) => {
    expect(problems({ ...forwardAuth, requestBody: { maxBytes } })).toEqual([
      expect.stringMatching(/^authorization\.requestBody\.maxBytes: /),
    ]);
  });

  it("leaves room for the headers that it needs", () => {
    const named = (count: number) => Array.from({ length: count }, (_, index) => `x-${index}`);
    expect(problems({ ...forwardAuth, requestHeaders: named(28) })).toEqual([]);
    expect(problems({ ...forwardAuth, requestHeaders: named(29) })).toEqual([
      expect.stringMatching(/^authorization\.requestHeaders: .*requestBody/),
    ]);
  });

  it("does not let its type be outside of the key, or a fixed one", () => {
    expect(problems({ ...forwardAuth, unkeyedHeaders: ["content-type"] })).toEqual([
      expect.stringMatching(/^authorization\.unkeyedHeaders\[0\]: .*how to read the body/),
    ]);
    expect(problems({ ...forwardAuth, headers: { "content-type": "a/b" } })).toEqual([
      expect.stringMatching(/^authorization\.headers\.content-type: /),
    ]);
  });

  it("is not of introspection, which sends only the token", () => {
    const introspection = {
      protocol: "introspection",
      cluster: "auth",
      path: "/i",
      clientAuthentication: { type: "none" },
    };
    expect(problems({ ...introspection, requestBody })).toEqual([
      expect.stringMatching(/^authorization\.requestBody: found an unknown field/),
    ]);
  });
});
