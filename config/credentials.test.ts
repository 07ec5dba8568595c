import { describe, expect, it } from "vitest";
import { secret } from "./input.ts";
import { builtInService, gatewayOf, problemsOf, serviceOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";

const ISSUER = { issuer: "https://login.example/", audience: "api" };
const jwt = (issuer: object = {}, more: object = {}) =>
  builtInService({ authorization: { protocol: "jwt", issuers: [{ ...ISSUER, ...issuer }], ...more } });
const issuerOf = (issuer: object = {}) => {
  const { filterKind } = serviceOf(jwt(issuer));
  if (filterKind.kind !== "in-worker" || filterKind.authorization.protocol !== "jwt") throw new Error("no tokens");
  return filterKind.authorization.issuers[0];
};
const problems = (service: object) =>
  problemsOf({ services: { orders: service } }).map((problem) => problem.replace("services.orders.", ""));

describe("a service whose tokens the Worker verifies", () => {
  it("has every default filled in", () => {
    expect(issuerOf()).toEqual({
      ...ISSUER,
      audience: ["api"],
      keys: { from: "discovery" },
      algorithms: [
        ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
      ],
      staleKeysMs: 3_600_000,
    });
    expect(issuerOf({ audience: "any", jwks: { cluster: "auth", path: "/keys" } })).toMatchObject({
      audience: "any",
      keys: { from: "cluster", cluster: "auth", path: "/keys" },
    });
    expect(issuerOf({ issuer: "anything", sharedSecret: secret("S") })).toMatchObject({
      keys: { from: "secret", secret: secret("S") },
      algorithms: ["HS256"],
    });
  });

  it("needs no filter, and settings of the filter may stay", () => {
    const { filter: _, ...without } = jwt();
    expect(serviceOf({ ...without, cache: { persist: true }, failOpen: true }).filterKind.kind).toBe("in-worker");
    const { filter: __, ...asking } = builtInService();
    expect(problems(asking)).toEqual([expect.stringMatching(/^filter: found nothing; allowed: a WebAssembly module/)]);
  });

  it("removes the headers that it fills from every request", () => {
    const upstreamClaims = { sub: "X-User", "realm.roles": "x-roles" };
    expect(serviceOf(jwt({}, { upstreamClaims })).identityHeaders).toEqual(["x-user", "x-roles"]);
  });

  it.each<[object, RegExp]>([
    [{ audience: undefined }, /audience: found nothing; allowed: the audience of this service.*"any"/],
    [{ audience: [] }, /audience: found an empty list/],
    [
      { issuer: "login.example" },
      /issuer: found "login.example"; allowed: an http\(s\) URL.* jwks: \{ cluster, path \}/,
    ],
    [{ issuer: "https://login.example/?x" }, /issuer: /],
    [{ issuer: "" }, /issuer: /],
    [{ algorithms: ["HS256"] }, /algorithms\[0\]: found "HS256"; allowed: one of "RS256"/],
    [{ algorithms: ["none"] }, /algorithms\[0\]: /],
    [{ algorithms: [] }, /algorithms: /],
    [{ sharedSecret: secret("S"), algorithms: ["RS256"] }, /algorithms\[0\]: found "RS256"; allowed: one of "HS256"/],
    [{ sharedSecret: "in the file" }, /sharedSecret: found a text of 11 characters; allowed: secret\("NAME"\)/],
    [{ sharedSecret: secret("S"), jwks: { cluster: "auth", path: "/" } }, /jwks: .*either jwks or sharedSecret/],
    [{ jwks: { cluster: "other", path: "/keys" } }, /jwks.cluster: found "other"; allowed: .*"auth"/],
    [{ jwks: { cluster: "auth", path: "keys" } }, /jwks.path: /],
    [{ staleKeysMs: 86_400_001 }, /staleKeysMs: .* from 0 to 86400000/],
    [{ clientIds: [] }, /clientIds: /],
    [{ aud: "api" }, /only .*audience.*/],
  ])("cannot have an issuer with %j", (issuer, problem) => {
    expect(problems(jwt(issuer))).toEqual([expect.stringMatching(problem)]);
  });

  it("has each issuer once", () => {
    const authorization = { protocol: "jwt", issuers: [ISSUER, { ...ISSUER, audience: "other" }] };
    expect(problems(builtInService({ authorization }))).toEqual([expect.stringMatching(/issuers: .*each issuer once/)]);
  });

  it.each<[object, RegExp]>([
    [{ rules: [{ path: "/orders/a", permission: "x" }] }, /rules\[0\].permission: .*scopes or claims/],
    [{ credentials: [{ from: "certificate" }] }, /credentials\[0\]: found a certificate/],
    [{ credentials: [{ from: "authorization", schemes: ["Basic"] }] }, /schemes: found "Basic"/],
  ])("cannot have %j", (fields, problem) => {
    expect(problems({ ...jwt(), ...fields })).toEqual([expect.stringMatching(problem)]);
  });

  it("may have rules on scopes and claims, and so may a server that is asked after the verification", () => {
    const rules = [{ path: "/orders/a", scopes: { anyOf: ["a", "b"] }, claims: { role: "admin" } }];
    expect(problems({ ...jwt(), rules })).toEqual([]);
    const checked = { protocol: "forward-auth", cluster: "auth", path: "/check" };
    const verify = { issuers: [ISSUER] };
    expect(problems(builtInService({ authorization: { ...checked, verify }, rules }))).toEqual([]);
    expect(problems(builtInService({ authorization: checked, rules }))).toHaveLength(2);
  });

  it("asks about the verified subject only if one is verified", () => {
    const authorization = { protocol: "authzen", cluster: "auth", subject: "verified" };
    expect(problems(builtInService({ authorization }))).toEqual([
      expect.stringMatching(/subject: .* verify: \{ issuers/),
    ]);
    expect(problems(builtInService({ authorization: { ...authorization, verify: { issuers: [ISSUER] } } }))).toEqual(
      [],
    );
  });

  it("is warned about if it accepts tokens for every service, or finds its keys without encryption", () => {
    const warnings = (issuer: object) => warningsOf(gatewayOf({ orders: jwt(issuer) }));
    expect(warnings({})).toEqual([]);
    expect(warnings({ audience: "any" })).toEqual([expect.stringContaining('issuers[0].audience: with "any"')]);
    expect(warnings({ audience: "any", clientIds: ["app"] })).toEqual([]);
    expect(warnings({ issuer: "http://login.example" })).toEqual([expect.stringContaining("is not encrypted")]);
  });
});

describe("a service with API keys", () => {
  const keys = (authorization: object) => builtInService({ authorization: { protocol: "api-keys", ...authorization } });

  it("names the secrets with their lines", () => {
    const { filterKind } = serviceOf(keys({ keys: secret("KEYS") }));
    expect(filterKind).toMatchObject({ kind: "in-worker", authorization: { keys: [secret("KEYS")] } });
  });

  it.each<[object, RegExp]>([
    [{}, /keys: found nothing; allowed: secret\("NAME"\)/],
    [{ keys: [] }, /keys: /],
    [{ keys: "ebb_key" }, /keys: found a text of 7 characters; allowed: secret\("NAME"\)/],
    [{ keys: secret("K"), upstreamClaims: { email: "x-email" } }, /upstreamClaims: .*"sub"/],
  ])("cannot have %j", (authorization, problem) => {
    expect(problems(keys(authorization))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("the places of credentials", () => {
  const withPlaces = (...credentials: object[]) => builtInService({ credentials });

  it("that the filter does not know are read by the Worker", () => {
    const isReadInWorker = (...credentials: object[]) => {
      const { filterKind } = serviceOf(withPlaces(...credentials));
      return filterKind.kind === "built-in" && filterKind.isReadInWorker;
    };
    expect(isReadInWorker({ from: "authorization", schemes: ["Bearer", "basic"] })).toBe(false);
    expect(isReadInWorker({ from: "header", name: "x-key" }, { from: "cookie", name: "sid" })).toBe(false);
    const others = [
      { from: "authorization", schemes: ["ApiKey"] },
      { from: "header", name: "x-key", scheme: "Bearer" },
      { from: "header", name: "x-key", prefix: "key=" },
      { from: "query", name: "token" },
      { from: "websocket-protocol" },
    ];
    for (const other of others) expect(isReadInWorker({ from: "cookie", name: "sid" }, other)).toBe(true);
    expect(isReadInWorker({ from: "certificate" })).toBe(true);
  });

  it.each<[object[], RegExp]>([
    [[{ from: "query", name: "a b" }], /credentials\[0\].name: /],
    [[{ from: "query", name: "a&b" }], /credentials\[0\].name: /],
    [[{ from: "header", name: "x-key", scheme: "a b" }], /credentials\[0\].scheme: /],
    [[{ from: "header", name: "x-key", prefix: "" }], /credentials\[0\].prefix: /],
    [[{ from: "header", name: "x-key", scheme: "a", prefix: "b" }], /prefix: .*not both/],
    [[{ from: "header", name: "Sec-WebSocket-Protocol" }], /from: "websocket-protocol"/],
    [[{ from: "websocket-protocol", name: "a,b" }], /credentials\[0\].name: /],
    [[{ from: "body", name: "x" }], /credentials\[0\].from: .*"certificate"/],
    [
      [
        { from: "query", name: "a" },
        { from: "query", name: "a" },
      ],
      /credentials\[1\]: .*each place once/,
    ],
    [
      [
        { from: "header", name: "x-a" },
        { from: "header", name: "X-A", scheme: "b" },
      ],
      /credentials\[1\]: .*each place once/,
    ],
  ])("cannot be %j", (credentials, problem) => {
    expect(problems(withPlaces(...credentials))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("what reaches the upstream", () => {
  it.each([
    [{ upstreamAuthorization: "hide" }, /upstreamAuthorization: /],
    [
      { upstreamAuthorization: { replace: "Bearer in the file" } },
      /replace: found a text of 18 characters; allowed: secret\("NAME"\)/,
    ],
    [{ enforcement: "report-only" }, /enforcement: /],
    [{ enforcement: { mode: "report-only" } }, /enforcement.until: .*YYYY-MM-DD/],
    [{ enforcement: { mode: "report-only", until: "2027-02-30" } }, /enforcement.until: /],
    [{ enforcement: { mode: "report-only", until: "31.1.2027" } }, /enforcement.until: /],
    [{ enforcement: { mode: "report-only", until: "2027-01-31T00:00" } }, /enforcement.until: /],
  ])("cannot be set by %j", (fields, problem) => {
    expect(problems(builtInService(fields))).toEqual([expect.stringMatching(problem)]);
  });

  it("is not checked until the end of a day in UTC, and check-config says so loudly", () => {
    const fields = { enforcement: { mode: "report-only", until: "2027-01-31" } };
    expect(serviceOf(builtInService(fields)).enforcement).toMatchObject({ untilMs: Date.UTC(2027, 1, 1) });
    const warnings = warningsOf(gatewayOf({ orders: builtInService(fields) }));
    expect(warnings).toEqual([expect.stringContaining("REPORT-ONLY until the end of 2027-01-31")]);
  });
});
