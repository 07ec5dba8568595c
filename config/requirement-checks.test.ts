import { describe, expect, it } from "vitest";
import { builtInService, otherService, problemsOf, serviceOf } from "./testing/inputs.ts";

const introspection = {
  protocol: "introspection",
  cluster: "auth",
  path: "/introspect",
  clientAuthentication: { type: "none" },
};

function problemsOfRule(rule: object, authorization: object = introspection): string[] {
  const service = builtInService({ authorization, rules: [{ path: "/orders/a", ...rule }] });
  return problemsOf({ services: { orders: service } }).map((problem) =>
    problem.replace("services.orders.rules[0].", ""),
  );
}

function accessOf(rule: object) {
  const [resolved] = serviceOf(
    builtInService({ authorization: introspection, rules: [{ path: "/orders/a", ...rule }] }),
  ).rules;
  return { name: resolved!.name, ...resolved!.access };
}

describe("the scopes of a rule", () => {
  it("are all required, or one of several", () => {
    expect(accessOf({ scopes: ["a", "b", "a"] })).toMatchObject({ scopes: { allOf: ["a", "b"], anyOf: [] } });
    expect(accessOf({ scopes: { anyOf: ["a", "b", "a"] } })).toMatchObject({
      name: "rule-0",
      scopes: { allOf: [], anyOf: ["a", "b"] },
    });
  });

  it.each<[unknown, RegExp]>([
    [{ anyOf: [] }, /^scopes\.anyOf: found an empty list; allowed: .*1 to 50/],
    [{ anyOf: Array.from({ length: 51 }, (_, n) => `s${n}`) }, /^scopes\.anyOf: .*1 to 50/],
    [{ anyOf: "a" }, /^scopes\.anyOf: found "a"; allowed: a list of scopes/],
    [{ anyOf: ["a b"] }, /^scopes\.anyOf\[0\]: /],
    [{ anyOf: [7] }, /^scopes\.anyOf\[0\]: /],
    [{}, /^scopes\.anyOf: found nothing/],
    [{ anyOf: ["a"], allOf: ["b"] }, /^scopes\.allOf: found an unknown field/],
    [{ oneOf: ["a"] }, /^scopes\.oneOf: found an unknown field; allowed: only anyOf/],
    ["a", /^scopes: found "a"; allowed: a list of scopes, all of which are required, or \{ anyOf/],
    [null, /^scopes: found null/],
    [Array.from({ length: 50 }, (_, n) => `${n}`.padEnd(81, "s")), /^scopes: .*at most 4096 characters together/],
    [[["a"]], /^scopes\[0\]: /],
  ])("cannot be %j", (scopes, problem) => {
    expect(problemsOfRule({ scopes })).toContainEqual(expect.stringMatching(problem));
  });

  it.each(["forward-auth", "authzen", "opa"])(
    "with anyOf are not for %s, which would read them as all or none",
    (protocol) => {
      const authorization = { protocol, cluster: "auth", path: "/v1/data/check", enforcesScopes: true };
      expect(problemsOfRule({ scopes: { anyOf: ["a", "b"] } }, authorization)).toEqual([
        expect.stringMatching(/^scopes: found an object; allowed: a list, .*a permission .*"introspection"/),
      ]);
      expect(problemsOfRule({ scopes: ["a", "b"] }, authorization)).toEqual([]);
      expect(problemsOfRule({ scopes: { anyOf: ["a"] } }, { ...authorization, enforcesScopes: false })).toHaveLength(1);
    },
  );
});

describe("the claims of a rule", () => {
  it("are conditions that name the rule", () => {
    const claims = {
      role: "admin",
      level: 3,
      email_verified: true,
      tenant: { in: ["a", 7] },
      "realm_access.roles": { includes: "staff" },
      '["https://example.com/app"].plan': "gold",
    };
    expect(accessOf({ claims })).toEqual({
      name: "rule-0",
      kind: "authorize",
      scopes: { allOf: [], anyOf: [] },
      claims: [
        { path: ["role"], test: { oneOf: ["admin"] } },
        { path: ["level"], test: { oneOf: [3] } },
        { path: ["email_verified"], test: { oneOf: [true] } },
        { path: ["tenant"], test: { oneOf: ["a", 7] } },
        { path: ["realm_access", "roles"], test: { includes: "staff" } },
        { path: ["https://example.com/app", "plan"], test: { oneOf: ["gold"] } },
      ],
    });
  });

  it.each<[unknown]>([
    [""],
    ["a\nb"],
    ["a\0"],
    ["a\ufffd"],
    ["\ud800"],
    ["x".repeat(1_001)],
    [null],
    [undefined],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [2 ** 53],
    [-(2 ** 53)],
    [1e21],
    [1n],
    [Symbol("a")],
    [() => true],
    [new Date()],
    [["a"]],
    [{}],
    [{ in: [] }],
    [{ in: "a" }],
    [{ in: [null] }],
    [{ in: [["a"]] }],
    [{ in: [""] }],
    [{ in: Array.from({ length: 51 }, (_, n) => n) }],
    [{ includes: ["a"] }],
    [{ includes: null }],
    [{ includes: "" }],
    [{ includes: "a", in: ["a"] }],
    [{ equals: "a" }],
    [{ includes: "a", not: "b" }],
  ])("cannot have the condition %o", (condition) => {
    const problems = problemsOfRule({ claims: { role: condition } });
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toMatch(/^claims\.role/);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{}, /^claims: found an object; allowed: .*at least one/],
    [Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`c${n}`, "a"])), /^claims: .*at most 16/],
    [{ "a..b": "x" }, /^claims\["a\.\.b"\]: .*needs brackets/],
    [{ "https://example.com/role": "x" }, /\["https:\/\/example\.com\/role"\]\.$/],
    [{ "a.b.c.d.e.f.g.h.i": "x" }, /at most 8 names deep/],
    [JSON.parse('{"__proto__":"x"}'), /^claims: .*__proto__/],
    [{ constructor: "x" }, /^claims: .*constructor/],
  ])("cannot be %j", (claims, problem) => {
    expect(problemsOfRule({ claims })).toEqual([expect.stringMatching(problem)]);
  });

  it("may have the names of members of every object in brackets or below another name", () => {
    const claims = { '["constructor"]': "a", '["__proto__"]': "b", "app.constructor": "c" };
    expect(accessOf({ claims })).toMatchObject({
      claims: [{ path: ["constructor"] }, { path: ["__proto__"] }, { path: ["app", "constructor"] }],
    });
  });

  it.each<[unknown]>([["role"], [["role"]], [null], [new Map([["role", "admin"]])]])("cannot be %s", (claims) => {
    expect(problemsOfRule({ claims })).toEqual([
      expect.stringMatching(/^claims: .*an object from claims to conditions/),
    ]);
  });

  it.each(["forward-auth", "authzen", "opa"])(
    "are not for %s, which gives the gateway no verified claims",
    (protocol) => {
      const authorization = { protocol, cluster: "auth", path: "/v1/data/check", enforcesScopes: true };
      expect(problemsOfRule({ claims: { role: "admin" } }, authorization)).toEqual([
        expect.stringMatching(
          /^claims: found an object; allowed: only where the gateway verifies claims: .* a permission/,
        ),
      ]);
    },
  );

  it("are not for public rules, nor for other filters", () => {
    expect(problemsOfRule({ public: true, claims: { role: "admin" } })).toEqual([expect.stringMatching(/^claims: /)]);
    const rules = [{ path: "/orders/a", claims: { role: "admin" } }];
    expect(problemsOf({ services: { orders: otherService({ rules }) } })).toHaveLength(1);
  });
});

describe("claims for the upstream", () => {
  const problemsOfClaims = (upstreamClaims: unknown) =>
    problemsOf({ services: { orders: builtInService({ authorization: { ...introspection, upstreamClaims } }) } });

  it("may be nested, or have dots in brackets, and are identity headers", () => {
    const upstreamClaims = { "realm_access.roles": "X-Roles", '["https://example.com/id"]': "x-id" };
    const service = serviceOf(builtInService({ authorization: { ...introspection, upstreamClaims } }));
    expect(service.filterKind).toMatchObject({
      authorization: {
        upstreamClaims: [
          { path: ["realm_access", "roles"], header: "x-roles" },
          { path: ["https://example.com/id"], header: "x-id" },
        ],
      },
    });
    expect(service.identityHeaders).toEqual(["x-roles", "x-id"]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ "https://example.com/id": "x-id" }, /\["https:\/\/example\.com\/id"\]\.$/],
    [{ "a.": "x-id" }, /needs brackets/],
    [{ sub: "x-id", uid: "X_ID" }, /each header once/],
    [{ sub: 7 }, /a header name/],
    [JSON.parse('{"__proto__":"x-id"}'), /__proto__/],
    [Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`c${n}`, `x-${n}`])), /at most 32/],
  ])("cannot be %j", (claims, problem) => {
    expect(problemsOfClaims(claims)).toEqual([expect.stringMatching(problem)]);
  });
});

it("rules that spell one path in two ways may require the same claims in another order", () => {
  const twins = (a: object, b: object) =>
    problemsOf({
      services: {
        orders: builtInService({
          authorization: introspection,
          rules: [
            { path: "/orders/a", ...a },
            { path: "/orders/A", ...b },
          ],
        }),
      },
    });
  expect(twins({ claims: { a: 1, b: { in: [1, 2] } } }, { claims: { b: { in: [2, 1] }, a: 1 } })).toEqual([]);
  expect(twins({ scopes: { anyOf: ["a", "b"] } }, { scopes: { anyOf: ["b", "a"] } })).toEqual([]);
  expect(twins({ claims: { a: 1 } }, { claims: { a: 2 } })).toHaveLength(1);
  expect(twins({ scopes: { anyOf: ["a", "b"] } }, { scopes: ["a", "b"] })).toHaveLength(1);
});
