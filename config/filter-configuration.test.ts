import { describe, expect, it } from "vitest";
import { filterConfiguration } from "./filter-configuration.ts";
import { secret } from "./input.ts";
import { builtInService, otherService, serviceOf } from "./testing/inputs.ts";

const digestKey = "00112233445566778899aabbccddeeff";

function textOf(service: object, secrets: Record<string, string> = {}): string {
  const result = filterConfiguration(serviceOf({ ...service }), { digestKey, secrets: (name) => secrets[name] });
  if (!result.ok) throw new Error(`missing ${result.missingSecret}`);
  return new TextDecoder().decode(result.plugin);
}

function missingOf(service: object, secrets: Record<string, string> = {}): string | undefined {
  const result = filterConfiguration(serviceOf({ ...service }), { digestKey, secrets: (name) => secrets[name] });
  return result.ok ? undefined : result.missingSecret;
}

const clientAuthentication = { type: "basic", id: "ebb", secret: secret("CLIENT_SECRET") };

describe("the built-in filter's configuration", () => {
  it("contains every setting of forward-auth", () => {
    const service = builtInService({
      authorization: {
        protocol: "forward-auth",
        cluster: "auth",
        path: "/check",
        uri: "path",
        requestHeaders: ["X-Tenant"],
        unkeyedHeaders: ["TraceParent"],
        upstreamHeaders: ["X-User"],
      },
      clusters: { auth: { url: "https://auth.example:8443", timeoutMs: 500 } },
      credentials: [
        { from: "authorization", schemes: ["Bearer", "basic"] },
        { from: "cookie", name: "Session" },
      ],
      cache: { maxTtlMs: 1000 },
      failOpen: true,
    });
    expect(JSON.parse(textOf(service))).toEqual({
      service: "orders",
      configVersion: expect.stringMatching(/^[0-9a-f]{16}$/),
      digestKey,
      realm: "orders",
      credentials: [
        { from: "authorization", schemes: ["bearer", "basic"] },
        { from: "cookie", name: "Session" },
      ],
      protocol: {
        type: "forward-auth",
        cluster: "auth",
        authority: "auth.example:8443",
        path: "/check",
        timeoutMs: 500,
        method: "GET",
        uri: "path",
        requestHeaders: ["x-tenant"],
        unkeyedHeaders: ["traceparent"],
        upstreamHeaders: ["x-user"],
        headers: {},
      },
      cache: { maxTtlMs: 1000, denyTtlMs: 10_000, staleIfErrorMs: 0, obeyCacheControl: true, maxBytes: 33_554_432 },
      rules: [{ name: "authenticate", scopes: [] }],
      failOpen: true,
    });
  });

  it("holds every rule the gateway may name, and no public one", () => {
    const rules = [
      { path: "/orders/health", public: true },
      { path: "/orders/list" },
      { path: "/orders/admin/*", scopes: ["a", "b", "a"] },
      { path: "/orders/:id", methods: ["DELETE"], permission: "orders.delete" },
    ];
    expect(JSON.parse(textOf(builtInService({ rules }))).rules).toEqual([
      { name: "authenticate", scopes: [] },
      { name: "rule-2", scopes: ["a", "b"] },
      { name: "rule-3", scopes: [], permission: "orders.delete" },
    ]);
  });

  it("holds the conditions of rules under introspection", () => {
    const authorization = {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspect",
      clientAuthentication: { type: "none" },
    };
    const rules = [
      { path: "/orders/list", scopes: { anyOf: ["a", "b"] } },
      { path: "/orders/admin", scopes: ["a"], claims: { "app.roles": { includes: "x" }, level: 3, secret: "y" } },
    ];
    expect(JSON.parse(textOf(builtInService({ authorization, rules }))).rules).toEqual([
      { name: "authenticate", scopes: [] },
      { name: "rule-0", scopes: { anyOf: ["a", "b"] } },
      {
        name: "rule-1",
        scopes: ["a"],
        claims: [
          { path: ["app", "roles"], includes: "x" },
          { path: ["level"], oneOf: [3] },
          { path: ["secret"], oneOf: ["y"] },
        ],
      },
    ]);
  });

  it.each(["forward-auth", "opa"])(
    "holds the pattern of each rule that is not public if it is sent (%s)",
    (protocol) => {
      const rules = [
        { path: "/orders/health", public: true },
        { path: "/orders/caf\u00e9 au lait/:id", methods: ["GET"] },
        { path: "/orders/caf\u00e9 au lait/:id", scopes: ["a"] },
        { path: "/orders/*", permission: "p" },
      ];
      const authorization = { protocol, cluster: "auth", path: "/check", uri: "rule", enforcesScopes: true };
      const configuration = JSON.parse(textOf(builtInService({ rules, authorization })));
      expect(configuration.protocol.uri).toBe("rule");
      expect(configuration.rules).toEqual([
        { name: "authenticate", scopes: [] },
        { name: "rule-1", scopes: [], uri: "/orders/caf%C3%A9%20au%20lait/:id" },
        { name: "rule-2", scopes: ["a"], uri: "/orders/caf%C3%A9%20au%20lait/:id" },
        { name: "rule-3", scopes: [], permission: "p", uri: "/orders/*" },
      ]);
    },
  );

  it("sends only the token to an introspection endpoint, so that one answer is valid for all paths", () => {
    const authorization = {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspect",
      clientAuthentication,
      expect: { audience: "orders-api", issuer: "https://a.example", tokenType: "Bearer", clientIds: ["web", "app"] },
      headers: { "CF-Access-Client-Id": "ebb", "cf-access-client-secret": secret("CLIENT_SECRET") },
      upstreamClaims: { sub: "X-User" },
    };
    expect(JSON.parse(textOf(builtInService({ authorization }), { CLIENT_SECRET: "s" })).protocol).toEqual({
      type: "introspection",
      cluster: "auth",
      authority: "auth.example",
      path: "/introspect",
      timeoutMs: 2000,
      uri: "none",
      requestHeaders: [],
      clientAuthentication: { type: "basic", id: "ebb", secret: "s" },
      expect: [
        { claim: "aud", anyOf: ["orders-api"] },
        { claim: "iss", anyOf: ["https://a.example"] },
        { claim: "token_type", anyOf: ["bearer"] },
        { claim: "client_id", anyOf: ["web", "app"] },
      ],
      headers: { "cf-access-client-id": "ebb", "cf-access-client-secret": "s" },
      upstreamClaims: [{ path: ["sub"], header: "x-user" }],
    });
  });

  it("nests the verification of the subject under AuthZEN and OPA", () => {
    const authorization = {
      protocol: "authzen",
      cluster: "pdp",
      headers: { Authorization: secret("PDP_TOKEN") },
      subject: { cluster: "auth", path: "/introspect", clientAuthentication: { type: "none" } },
    };
    const clusters = { pdp: { binding: "PDP" }, auth: { binding: "AUTH", host: "auth.internal" } };
    const { protocol } = JSON.parse(textOf(builtInService({ authorization, clusters }), { PDP_TOKEN: "Bearer t" }));
    expect(protocol).toMatchObject({
      type: "authzen",
      authority: "pdp",
      path: "/access/v1/evaluation",
      headers: { authorization: "Bearer t" },
      subject: { cluster: "auth", authority: "auth.internal", path: "/introspect", timeoutMs: 2000 },
    });
  });

  it("reports a secret that is missing or empty", () => {
    const authorization = { protocol: "introspection", cluster: "auth", path: "/i", clientAuthentication };
    expect(missingOf(builtInService({ authorization }))).toBe("CLIENT_SECRET");
    expect(missingOf(builtInService({ authorization }), { CLIENT_SECRET: "" })).toBe("CLIENT_SECRET");
  });
});

describe("another filter's configuration", () => {
  it("is its text, unchanged", () => {
    expect(textOf(otherService({ configuration: "rules:\n- a\n" }))).toBe("rules:\n- a\n");
    expect(textOf(otherService({ configuration: "" }))).toBe("");
  });

  it("is JSON, with its secrets filled in at any depth", () => {
    const configuration = { keys: [secret("K")], nested: { secret: "kept", beside: 1 }, n: null };
    expect(JSON.parse(textOf(otherService({ configuration }), { K: 'a"b' }))).toEqual({
      keys: ['a"b'],
      nested: { secret: "kept", beside: 1 },
      n: null,
    });
  });

  it("may itself be a secret", () => {
    expect(textOf(otherService({ configuration: secret("ALL") }), { ALL: "text" })).toBe("text");
    expect(missingOf(otherService({ configuration: [[secret("DEEP")]] }))).toBe("DEEP");
  });
});

describe("another filter's start", () => {
  it("has the configured root id and VM configuration, empty by default", () => {
    const start = (fields: Record<string, unknown>) =>
      filterConfiguration(serviceOf(otherService(fields)), { digestKey, secrets: () => "s3cret" });
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const given = start({ rootId: "auth", vmConfiguration: { key: secret("KEY") } });
    expect(given.ok && [given.rootId, text(given.vm)]).toEqual(["auth", '{"key":"s3cret"}']);
    const none = start({});
    expect(none.ok && [none.rootId, text(none.vm)]).toEqual(["", ""]);
  });
});
