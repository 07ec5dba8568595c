/** Rules on scopes and claims under introspection, and claims that go to the upstream. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meets } from "../../config/claim-conditions.ts";
import { textOfClaim } from "../../config/claim-text.ts";
import type { ClaimCondition, ClaimTest } from "../../config/gateway.ts";
import {
  bodyOf,
  configuration,
  Harness,
  introspection,
  type Json,
  outcome,
  reply,
  upstreamClaims,
  valuesOf,
} from "./testing/harness.ts";

interface Conditions {
  scopes?: Json;
  claims?: readonly ClaimCondition[];
}

const inFilter = ({ path, test }: ClaimCondition): Json => JSON.parse(JSON.stringify({ path, ...test }));

function ruled(rules: { [name: string]: Conditions }, changes: { [name: string]: Json } = {}): Harness {
  return new Harness(
    configuration({
      protocol: introspection(changes),
      rules: Object.entries(rules).map(([name, { scopes = [], claims = [] }]) => ({
        name,
        scopes,
        claims: claims.map(inFilter),
      })),
    }),
  );
}

let asked = 0;

/** The decision on a fresh token with this reply; JSON text is sent as it is. */
async function decide(harness: Harness, body: Json, rule = "rule") {
  harness.server = () => reply(200, [], typeof body === "string" ? body : { active: true, ...(body as object) });
  const decision = await harness.ask({ token: `t${asked++}`, rule });
  return decision;
}

const MALFORMED = "503 authorization_server_malformed";
const REFUSED = "403 insufficient_claims";

describe("a rule with anyOf", () => {
  const rule = { scopes: { anyOf: ["orders:read", "orders:admin"] } };

  it.each(["orders:read", "orders:admin", "x orders:admin y", "orders:read orders:admin"])(
    "is met by the scope %s",
    async (scope) => {
      expect(outcome(await decide(ruled({ rule }), { scope }))).toBe("continue");
    },
  );

  it.each<[Json]>([[""], [null], ["orders"], ["orders:reads"], ["ORDERS:READ"], ["orders:read,orders:admin"], [[]]])(
    "is not met by the scope %j",
    async (scope) => {
      expect(outcome(await decide(ruled({ rule }), { scope }))).toBe("403 insufficient_scope");
    },
  );

  it("names in the challenge all scopes that would do", async () => {
    expect(valuesOf(await decide(ruled({ rule }), {}), "www-authenticate")).toEqual([
      'Bearer realm="orders", error="insufficient_scope", scope="orders:read orders:admin"',
    ]);
  });
});

describe("a rule with claims", () => {
  const claim = (test: ClaimTest, ...path: string[]): Conditions => ({
    claims: [{ path: path.length === 0 ? ["claim"] : path, test }],
  });
  const admin = claim({ oneOf: ["admin"] });

  it.each<[Conditions, Json]>([
    [admin, { claim: "admin" }],
    [admin, '{"active":true,"cl\\u0061im":"\\u0061dmin"}'],
    [claim({ oneOf: ["a", 3, true] }), { claim: 3 }],
    [claim({ oneOf: ["a", 3, true] }), { claim: true }],
    [claim({ oneOf: [false] }), { claim: false }],
    [claim({ oneOf: ["王小明 🌊"] }), { claim: "王小明 🌊" }],
    [claim({ includes: "staff" }, "realm_access", "roles"), { realm_access: { roles: ["a", "staff"] } }],
    [claim({ includes: "staff" }), { claim: [null, {}, ["x"], 7, "staff"] }],
    [claim({ includes: 7 }), { claim: ["7", 7.0] }],
    [claim({ oneOf: ["x"] }, "https://example.com/role"), { "https://example.com/role": "x" }],
    [
      claim({ oneOf: ["x"] }, "a", "b", "c", "d", "e", "f", "g", "h"),
      { a: { b: { c: { d: { e: { f: { g: { h: "x" } } } } } } } },
    ],
    [claim({ oneOf: ["x"] }, "__proto__", "role"), '{"active":true,"__proto__":{"role":"x"}}'],
    [claim({ oneOf: ["x"] }, "constructor"), { constructor: "x" }],
    [claim({ oneOf: [true] }, "active"), {}],
    [claim({ includes: "a" }, "scope"), { scope: ["a"] }],
  ])("%j is met by %j", async (rule, body) => {
    expect(outcome(await decide(ruled({ rule }), body))).toBe("continue");
  });

  it.each<[Conditions, Json]>([
    [admin, {}],
    [admin, { claim: null }],
    [admin, { claim: "Admin" }],
    [admin, { claim: "admin " }],
    [admin, { claim: "admin\u0000" }],
    [admin, { claim: ["admin"] }],
    [admin, { claim: { admin: true } }],
    [admin, { Claim: "admin" }],
    [admin, { nested: { claim: "admin" } }],
    [claim({ oneOf: ["3"] }), { claim: 3 }],
    [claim({ oneOf: [3] }), { claim: "3" }],
    [claim({ oneOf: [true] }), { claim: "true" }],
    [claim({ oneOf: ["true"] }), { claim: true }],
    [claim({ oneOf: ["null"] }), { claim: null }],
    [claim({ oneOf: [0] }), { claim: false }],
    [claim({ oneOf: ["é"] }), { claim: "e\u0301" }],
    [claim({ includes: "staff" }), { claim: "staff" }],
    [claim({ includes: "staff" }), { claim: "staff,a" }],
    [claim({ includes: "staff" }), { claim: [] }],
    [claim({ includes: "staff" }), { claim: [["staff"], { staff: "staff" }] }],
    [claim({ includes: 7 }), { claim: ["7"] }],
    [claim({ oneOf: ["x"] }, "a", "b"), { "a.b": "x" }],
    [claim({ oneOf: ["x"] }, "a.b"), { a: { b: "x" } }],
    [claim({ oneOf: ["x"] }, "a", "b"), { a: [{ b: "x" }] }],
    [claim({ oneOf: ["x"] }, "a", "0"), { a: ["x"] }],
    [claim({ oneOf: ["x"] }, "a", "b"), { a: "x" }],
    [claim({ oneOf: ["x"] }, "role"), '{"active":true,"__proto__":{"role":"x"}}'],
    [claim({ oneOf: ["x"] }, "constructor", "name"), {}],
    [claim({ oneOf: ["a"] }, "scope"), { scope: ["a"] }],
  ])("%j is not met by %j", async (rule, body) => {
    expect(outcome(await decide(ruled({ rule }), body))).toBe(REFUSED);
  });

  it.each(["1", "1.0", "1e0", "10e-1", "0.1E1", "100.00e-2", "0.00001e5", "1e+0"])(
    "of 1 is met by %s",
    async (written) => {
      expect(outcome(await decide(ruled({ rule: claim({ oneOf: [1] }) }), `{"active":true,"claim":${written}}`))).toBe(
        "continue",
      );
    },
  );

  it.each(["1.1", "-1", "10", "0.1", "1e400", "1e-400", "1e99999999999999999999", "1.00000000000000000001", "0", "-0"])(
    "of 1 is not met by %s",
    async (written) => {
      expect(outcome(await decide(ruled({ rule: claim({ oneOf: [1] }) }), `{"active":true,"claim":${written}}`))).toBe(
        REFUSED,
      );
    },
  );

  it.each<[number, string, boolean]>([
    [0, "0.000", true],
    [0, "-0", true],
    [0, "0e999999", true],
    [0, "1e-400", false],
    [-2.5, "-25e-1", true],
    [-2.5, "2.5", false],
    [0.1, "0.10", true],
    [1e-7, "0.0000001", true],
    [105, "1.05e2", true],
    [105, "1.5e2", false],
    [9_007_199_254_740_991, "9007199254740991", true],
    [9_007_199_254_740_991, "9007199254740992", false],
    [9_007_199_254_740_991, "9007199254740990.9999999", false],
  ])("of %d and %s compares the exact numbers", async (value, written, isMet) => {
    const decision = await decide(ruled({ rule: claim({ oneOf: [value] }) }), `{"active":true,"claim":${written}}`);
    expect(outcome(decision)).toBe(isMet ? "continue" : REFUSED);
  });

  it("is met only if all conditions are", async () => {
    const rule = { scopes: ["s"], claims: [...admin.claims!, ...claim({ includes: 1 }, "levels").claims!] };
    const body = { scope: "s", claim: "admin", levels: [1] };
    expect(outcome(await decide(ruled({ rule }), body))).toBe("continue");
    expect(outcome(await decide(ruled({ rule }), { ...body, claim: "x" }))).toBe(REFUSED);
    expect(outcome(await decide(ruled({ rule }), { ...body, levels: [2] }))).toBe(REFUSED);
    expect(outcome(await decide(ruled({ rule }), { ...body, scope: "x" }))).toBe("403 insufficient_scope");
  });

  it("may have two conditions on one claim", async () => {
    const rule = { claims: [...claim({ includes: "a" }).claims!, ...claim({ includes: "b" }).claims!] };
    expect(outcome(await decide(ruled({ rule }), { claim: ["b", "a"] }))).toBe("continue");
    expect(outcome(await decide(ruled({ rule }), { claim: ["a"] }))).toBe(REFUSED);
  });

  it("refuses with the reason, and without a challenge: no scope would help", async () => {
    const decision = await decide(ruled({ rule: admin }), {});
    expect(bodyOf(decision)).toBe('{"error":"insufficient_claims"}');
    expect(valuesOf(decision, "www-authenticate")).toEqual([]);
  });

  it.each([
    '{"active":true,"claim":"admin","claim":"admin"}',
    '{"active":true,"claim":"user","claim":"admin"}',
    '{"active":true,"claim":null,"claim":"admin"}',
    '{"active":true,"claim":"admin","cl\\u0061im":"user"}',
  ])("cannot be judged if the claim occurs twice: %s", async (body) => {
    const harness = ruled({ rule: admin, other: {} });
    expect(outcome(await decide(harness, body))).toBe(MALFORMED);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    expect(outcome(await decide(harness, body, "other"))).toBe("continue");
  });

  it.each([
    '{"active":true,"a":{"b":"x","b":"x"}}',
    '{"active":true,"a":{"b":"x"},"a":{}}',
    '{"active":true,"a":1,"a":{"b":"x"}}',
  ])("cannot be judged if a name on its path occurs twice: %s", async (body) => {
    expect(outcome(await decide(ruled({ rule: claim({ oneOf: ["x"] }, "a", "b") }), body))).toBe(MALFORMED);
  });

  it("does not care about duplicates elsewhere", async () => {
    const body = '{"active":true,"x":1,"x":2,"a":{"c":1,"c":2,"b":"x"},"b":1,"b":2}';
    expect(outcome(await decide(ruled({ rule: claim({ oneOf: ["x"] }, "a", "b") }), body))).toBe("continue");
  });

  it("never turns another refusal into an allow", async () => {
    const harness = ruled({ rule: admin }, { expect: [{ claim: "aud", anyOf: ["orders"] }] });
    expect(outcome(await decide(harness, '{"active":false,"claim":"admin"}'))).toBe("401 token_inactive");
    expect(outcome(await decide(harness, { claim: "admin", exp: 1 }))).toBe("401 token_inactive");
    expect(outcome(await decide(harness, { claim: "admin", aud: "x" }))).toBe("401 token_unexpected");
    expect(outcome(await decide(harness, { claim: "admin", aud: "orders" }))).toBe("continue");
  });

  it("is decided for each rule apart, and each decision is kept", async () => {
    const harness = ruled({ admin, staff: claim({ includes: "staff" }, "roles"), all: {} });
    harness.server = () => reply(200, [], { active: true, claim: "admin", roles: [] });
    for (let round = 0; round < 2; round++) {
      expect(outcome(await harness.ask({ token: "abc", rule: "all" }))).toBe("continue");
      expect(outcome(await harness.ask({ token: "abc", rule: "staff" }))).toBe(REFUSED);
      expect(outcome(await harness.ask({ token: "abc", rule: "admin" }))).toBe("continue");
    }
    expect(harness.calls).toHaveLength(3);
    harness.advance(10_000);
    harness.server = () => reply(200, [], { active: true, claim: "user", roles: ["staff"] });
    expect(outcome(await harness.ask({ token: "abc", rule: "staff" }))).toBe("continue");
  });

  it("is judged in a reply as large as any, with escapes everywhere", async () => {
    const roles = Array.from({ length: 1_800 }, (_, n) => `"\\u0072ole${n}"`).join(",");
    const body = `{"active":true,"\\u0061":{"roles":[${roles}]}}`;
    expect(body.length).toBeGreaterThan(25_000);
    expect(body.length).toBeLessThan(32_768);
    const last = claim({ includes: "role1799" }, "a", "roles");
    const rule = { claims: Array.from({ length: 16 }, () => last.claims![0]!) };
    expect(outcome(await decide(ruled({ rule }), body))).toBe("continue");
    expect(outcome(await decide(ruled({ rule: claim({ includes: "role1800" }, "a", "roles") }), body))).toBe(REFUSED);
  });

  it("decides as the pure function of the configuration does", async () => {
    const name = fc.constantFrom("a", "b", "__proto__", "constructor", "é.x", "length", "0");
    const text = fc.oneof(
      fc.constantFrom("x", "y", "1", "true", "null", "é", "e\u0301"),
      fc.string({ unit: "grapheme" }),
    );
    const number = fc.oneof(
      fc.constantFrom(0, 1, -1, 1.5, 10, 1e-7, 5e-324, 1.7976931348623157e308),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const scalar = fc.oneof(text, number, fc.boolean());
    const usable = fc.oneof(
      text.filter((value) => value !== ""),
      number,
      fc.boolean(),
    );
    const { claim: anyClaim } = fc.letrec<{ claim: unknown }>((tie) => ({
      claim: fc.oneof(
        { depthSize: "small", maxDepth: 3 },
        scalar,
        fc.constant(null),
        fc.array(scalar, { maxLength: 3 }),
        fc.array(tie("claim"), { maxLength: 2 }),
        fc.uniqueArray(fc.tuple(name, tie("claim")), { maxLength: 3, selector: ([key]) => key }).map(asObject),
      ),
    }));
    const reply = fc.uniqueArray(fc.tuple(name, anyClaim), { maxLength: 4, selector: ([key]) => key }).map(asObject);
    const path = fc.array(name, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        reply,
        path,
        fc.array(usable, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (body, at, values, includes) => {
          const found = at.reduce<unknown>((inner, key) => ownMember(inner, key), body);
          // Half of the values are what the reply has, else nearly no condition would be met.
          const candidates = includes && Array.isArray(found) ? [...found, ...values] : [found, ...values];
          const scalars = candidates.filter(isUsable);
          for (const value of scalars.slice(0, 2)) {
            const condition: ClaimCondition = { path: at, test: includes ? { includes: value } : { oneOf: [value] } };
            const sent = `{"active":true,${JSON.stringify(body).slice(1)}`.replace(/,}$/, "}");
            const expected = meets(JSON.parse(sent), condition) ? "continue" : REFUSED;
            expect(outcome(await decide(ruled({ rule: { claims: [condition] } }), sent))).toBe(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** With own members of any name, as JSON.parse makes them. */
function asObject(members: [string, unknown][]): unknown {
  return Object.fromEntries(members);
}

function ownMember(within: unknown, name: string): unknown {
  if (typeof within !== "object" || within === null || Array.isArray(within)) return undefined;
  return Object.hasOwn(within, name) ? (within as { [name: string]: unknown })[name] : undefined;
}

function isUsable(value: unknown): value is string | number | boolean {
  return (typeof value === "string" && value !== "") || typeof value === "number" || typeof value === "boolean";
}

describe("a claim for the upstream", () => {
  const sending = (...path: string[]) => ruled({ rule: {} }, { upstreamClaims: [{ path, header: "x-claim" }] });
  const headerOf = async (body: Json, ...path: string[]) => {
    const decision = await decide(sending(...(path.length === 0 ? ["claim"] : path)), body);
    return outcome(decision) === "continue" ? valuesOf(decision, "x-claim") : outcome(decision);
  };

  it("may be nested, or have a name with dots", async () => {
    expect(await headerOf({ a: { b: "x" } }, "a", "b")).toEqual(["x"]);
    expect(await headerOf({ "a.b": "x", a: { b: "y" } }, "a.b")).toEqual(["x"]);
    expect(await headerOf({ "a.b": "x" }, "a", "b")).toBeUndefined();
    expect(await headerOf('{"active":true,"__proto__":{"role":"x"}}', "role")).toBeUndefined();
    expect(await headerOf('{"active":true,"__proto__":{"role":"x"}}', "__proto__", "role")).toEqual(["x"]);
  });

  it.each<[Json, string]>([
    [["a"], "a"],
    [["a", "b c", 'd"e'], 'a,b c,d"e'],
    [["a", 7, true, -1.5], "a,7,true,-1.5"],
    [["Zoë", "王小明"], "Zoë,王小明"],
  ])("that is the list %j arrives as %s", async (claim, sent) => {
    expect(await headerOf({ claim })).toEqual([sent]);
  });

  it("that is a list may have escapes and numbers as they are written", async () => {
    expect(await headerOf('{"active":true,"claim":["\\u0061b","c",1.50,"\\u00e9",1E2]}')).toEqual(["ab,c,1.50,é,1E2"]);
    expect(await headerOf('{"active":true,"claim":[ "a" , "b" ]}')).toEqual(["a,b"]);
  });

  it.each<[Json]>([[[]], [null], [{}], [[["a"]]], [["a", {}]], [["a", null]], [["a,b", []]], [[[], "a"]]])(
    "that is %j leaves the header out, also that of the client",
    async (claim) => {
      const harness = sending("claim");
      harness.server = () => reply(200, [], { active: true, claim });
      const decision = await harness.ask({ token: "abc", headers: [["x-claim", "forged"]] });
      expect(outcome(decision)).toBe("continue");
      expect(valuesOf(decision, "x-claim")).toEqual([]);
    },
  );

  it.each([
    "a,b",
    ",",
    "",
    " ",
    " a",
    "a ",
    "a\tb",
    "a\r\nx-admin: 1",
    "a\0",
    "\u007f",
    "a\u0085",
    "a\u2028b",
    "a\ufffd",
    "\u00a0a",
  ])("that is a list with the element %j would arrive as another list, so there is no decision", async (item) => {
    for (const claim of [[item], ["a", item], [item, 7], ["a", item, "b"]])
      expect(await headerOf({ claim })).toBe(MALFORMED);
  });

  it("that is a text may have commas, as ever", async () => {
    expect(await headerOf({ claim: "a,b" })).toEqual(["a,b"]);
  });

  it("that occurs twice on its path is malformed", async () => {
    expect(await headerOf('{"active":true,"claim":["a"],"claim":["a"]}')).toBe(MALFORMED);
    expect(await headerOf('{"active":true,"a":{"b":1},"a":{"c":1}}', "a", "b")).toBe(MALFORMED);
  });

  it("that is a huge list arrives whole", async () => {
    const claim = Array.from({ length: 5_000 }, (_, n) => n % 1_000);
    expect(await headerOf({ claim })).toEqual([claim.join(",")]);
  });

  it("that is scope is joined by spaces, also beside conditions on it", async () => {
    const claims: ClaimCondition[] = [{ path: ["scope"], test: { includes: "a" } }];
    const harness = ruled({ rule: { claims } }, { upstreamClaims: upstreamClaims({ scope: "x-scope" }) });
    expect(valuesOf(await decide(harness, { scope: ["a", "b"] }), "x-scope")).toEqual(["a b"]);
  });

  it("goes to several headers if several name it", async () => {
    const harness = ruled(
      { rule: {} },
      {
        upstreamClaims: [
          { path: ["a"], header: "x-a" },
          { path: ["a"], header: "x-b" },
        ],
      },
    );
    const decision = await decide(harness, { a: "1" });
    expect([valuesOf(decision, "x-a"), valuesOf(decision, "x-b")]).toEqual([["1"], ["1"]]);
  });

  it("of 32 headers fits, with escapes everywhere, or there is no decision", async () => {
    const headers = Array.from({ length: 32 }, (_, n) => ({ path: ["claim"], header: `x-${n}` }));
    const harness = ruled({ rule: {} }, { upstreamClaims: headers });
    const decision = await decide(harness, `{"active":true,"claim":"${"\\u0061".repeat(150)}"}`);
    expect(valuesOf(decision, "x-31")).toEqual(["a".repeat(150)]);
    const huge = await decide(harness, `{"active":true,"claim":"${"\\u00e9".repeat(5_000)}"}`);
    expect(["continue", MALFORMED]).toContain(outcome(huge));
  });

  it("has the text that the pure function of the configuration gives", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("a,b", " a", "a\u00a0", "\u0085", "a\u2028", "\ufeff", "\ufffd", "", "a"),
    );
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
    );
    const scalar = fc.oneof(text, number, fc.boolean());
    const claim = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 4 }),
      fc.array(fc.oneof(scalar, fc.constantFrom(null, [], {})), { maxLength: 3 }),
    );
    const harness = sending("claim");
    await fc.assert(
      fc.asyncProperty(claim, async (value) => {
        const sent = JSON.stringify({ active: true, claim: value });
        const expected = textOfClaim(JSON.parse(sent).claim);
        const decision = await decide(harness, sent);
        if (expected.kind === "unusable") expect(outcome(decision)).toBe(MALFORMED);
        else {
          expect(outcome(decision)).toBe("continue");
          expect(valuesOf(decision, "x-claim")).toEqual(expected.kind === "none" ? undefined : [expected.text]);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
