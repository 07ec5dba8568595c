import { describe, expect, it } from "vitest";
import { CONFIG_LIMITS } from "./configuration-limits.ts";
import { builtInService, problemsOf } from "./testing/inputs.ts";

const issuer = { issuer: "https://login.example", audience: "orders" };

function problemsWith(authorization: object, fields: object = {}): string[] {
  const service = builtInService({ authorization, clusters: {}, ...fields });
  return problemsOf({ services: { orders: service } }).map((problem) => problem.replace("services.orders.", ""));
}

describe("an issuer", () => {
  const problemsOfIssuer = (fields: object) =>
    problemsWith({ protocol: "jwt", issuers: [issuer, { ...issuer, issuer: "https://other.example", ...fields }] }).map(
      (problem) => problem.replace("authorization.issuers[1]", ""),
    );

  it.each<[object, RegExp]>([
    [{ audience: undefined }, /^\.audience: found nothing; allowed: /],
    [{ audience: [] }, /^\.audience: found an empty list; allowed: /],
    [{ audience: ["any"] }, /^\.audience: .*"any", which stands alone/],
    [{ audience: ["orders", "any"] }, /^\.audience: .*"any", which stands alone/],
    [{ issuer: "login" }, /^\.issuer: found "login"; allowed: an http\(s\) URL .*jwks: \{ cluster, path \}/],
    [{ issuer: "https://other.example/?tenant=1" }, /^\.issuer: found "https:.*; allowed: an http\(s\) URL/],
    [
      { jwks: { cluster: "login", path: "/keys" } },
      /^\.jwks\.cluster: found "login"; allowed: a cluster of this service/,
    ],
    [{ algorithms: ["HS256"] }, /^\.algorithms\[0\]: found "HS256"; allowed: one of "RS256"/],
    [{ algorithms: ["none"] }, /^\.algorithms\[0\]: found "none"; allowed: one of "RS256"/],
    [{ sharedSecret: { secret: "S" }, algorithms: ["RS256"] }, /^\.algorithms\[0\]: .*one of "HS256"/],
    [
      { sharedSecret: { secret: "S" }, jwks: { cluster: "login", path: "/keys" } },
      /^\.jwks: .*either jwks or sharedSecret/,
    ],
  ])("cannot be %j, and the problem says what can", (fields, problem) => {
    expect(problemsOfIssuer(fields)).toEqual([expect.stringMatching(problem)]);
  });

  it("is there once, and another one if it differs by a slash", () => {
    const twice = (second: string) =>
      problemsWith({ protocol: "jwt", issuers: [issuer, { ...issuer, issuer: second }] });
    expect(twice("https://login.example")).toEqual([expect.stringContaining("each issuer once")]);
    expect(twice("https://login.example/")).toEqual([]);
  });
});

it.each<[string, object, object?]>([
  ["a shared secret", { protocol: "jwt", issuers: [{ ...issuer, sharedSecret: "hush" }] }],
  [
    "a credential of the gateway",
    { protocol: "jwt", issuers: [issuer] },
    { upstreamAuthorization: { replace: "hush" } },
  ],
  ["keys", { protocol: "api-keys", keys: "hush" }],
  ["keys in a list", { protocol: "api-keys", keys: ["hush"] }],
])("a problem with %s does not repeat what was found", (_, authorization, fields) => {
  const problems = problemsWith(authorization, fields);
  expect(problems).toEqual([expect.stringMatching(/found a text of 4 characters; allowed: .*secret\("NAME"\)/)]);
});

it("a verified subject needs one of the headers that the filter can tell the server", () => {
  const most = CONFIG_LIMITS.maxFilterHeaders;
  const asked = (count: number) => ({
    protocol: "authzen",
    cluster: "auth",
    subject: "verified",
    verify: { issuers: [issuer] },
    requestHeaders: Array.from({ length: count }, (_, n) => `x-${n}`),
  });
  const clusters = { clusters: { auth: { url: "https://auth.example" } } };
  expect(problemsWith(asked(most - 1), clusters)).toEqual([]);
  expect(problemsWith(asked(most), clusters)).toEqual([
    expect.stringMatching(
      /^authorization\.requestHeaders: found a list of 32; allowed: at most 31 with subject "verified"/,
    ),
  ]);
});

it("a rule cannot ask API keys for what none of them has", () => {
  const problemsOfRule = (rule: object) =>
    problemsWith({ protocol: "api-keys", keys: { secret: "KEYS" } }, { rules: [{ path: "/orders/a", ...rule }] });
  expect(problemsOfRule({ claims: { sub: { in: ["ann", "bob"] } }, scopes: ["read"] })).toEqual([]);
  expect(problemsOfRule({ claims: { email: "ann@example.com" } })).toEqual([
    expect.stringMatching(/^rules\[0\]\.claims: .*"sub", its name/),
  ]);
  for (const scopes of [["a,b"], { anyOf: ["c", "a,b"] }]) {
    expect(problemsOfRule({ scopes })).toEqual([expect.stringMatching(/^rules\[0\]\.scopes: .*without a comma/)]);
  }
});
