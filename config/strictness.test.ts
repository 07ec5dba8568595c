import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meets } from "./claim-conditions.ts";
import type { ClaimCondition, Requirements } from "./gateway.ts";
import { hasScopes } from "./required-scopes.ts";
import { requiresAllOf } from "./strictness.ts";

const requirements = (changes: Partial<Requirements>): Requirements => ({
  scopes: { allOf: [], anyOf: [] },
  claims: [],
  ...changes,
});
const allOf = (...scopes: string[]) => requirements({ scopes: { allOf: scopes, anyOf: [] } });
const anyOf = (...scopes: string[]) => requirements({ scopes: { allOf: [], anyOf: scopes } });
const claims = (...conditions: ClaimCondition[]) => requirements({ claims: conditions });
const oneOf = (...values: (string | number | boolean)[]): ClaimCondition => ({ path: ["a"], test: { oneOf: values } });
const includes = (value: string | number | boolean): ClaimCondition => ({ path: ["a"], test: { includes: value } });

describe("a rule requires all that another does", () => {
  it.each<[Requirements, Requirements]>([
    [allOf("a", "b"), allOf("b")],
    [allOf("a"), anyOf("a", "b")],
    [anyOf("a"), anyOf("a", "b")],
    [anyOf("a"), allOf("a")],
    [anyOf("b", "a"), anyOf("a", "b")],
    [anyOf("a"), allOf()],
    [claims(oneOf("x")), claims(oneOf("x", "y"))],
    [claims(oneOf("x"), includes(1)), claims(includes(1))],
    [claims(oneOf("x")), claims()],
  ])("%j, %j", (strict, lax) => {
    expect(requiresAllOf(strict, lax)).toBe(true);
  });
});

describe("a rule does not require all that another does", () => {
  it.each<[Requirements, Requirements]>([
    [anyOf("a", "b"), allOf("a")],
    [anyOf("a", "b"), allOf("a", "b")],
    [anyOf("a", "b"), anyOf("a")],
    [anyOf("a", "b"), anyOf("a", "c")],
    [allOf(), anyOf("a")],
    [allOf("a"), claims(oneOf("a"))],
    [claims(oneOf("x", "y")), claims(oneOf("x"))],
    [claims(oneOf("3")), claims(oneOf(3))],
    [claims(oneOf("x")), claims(includes("x"))],
    [claims(includes("x")), claims(oneOf("x"))],
    [claims(includes("x")), claims(includes("y"))],
    [claims(oneOf("x")), claims({ path: ["a", "b"], test: { oneOf: ["x"] } })],
    [claims({ path: ["a.b"], test: { oneOf: ["x"] } }), claims({ path: ["a", "b"], test: { oneOf: ["x"] } })],
    [requirements({ permission: "p" }), requirements({ permission: "q" })],
    [allOf("a"), requirements({ permission: "p" })],
  ])("%j, %j", (strict, lax) => {
    expect(requiresAllOf(strict, lax)).toBe(false);
  });
});

it("never calls a rule stricter that lets in a token which the other refuses", () => {
  const scopes = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 2 });
  const value = fc.constantFrom<string | number | boolean>("x", "y", 1, "1", true);
  const condition: fc.Arbitrary<ClaimCondition> = fc.record({
    path: fc.constantFrom(["a"], ["b"], ["o", "a"]),
    test: fc.oneof(
      fc.record({ oneOf: fc.array(value, { minLength: 1, maxLength: 3 }) }),
      fc.record({ includes: value }),
    ),
  });
  const rule: fc.Arbitrary<Requirements> = fc.record({
    scopes: fc.record({ allOf: scopes, anyOf: scopes }),
    claims: fc.array(condition, { maxLength: 2 }),
  });
  const claim = fc.oneof(value, fc.array(value, { maxLength: 2 }));
  const token = fc.record({
    scopes: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
    claims: fc.record({ a: claim, b: claim, o: fc.record({ a: claim }) }, { requiredKeys: [] }),
  });
  const lets = (required: Requirements, { scopes: granted, claims: given }: { scopes: string[]; claims: unknown }) =>
    hasScopes(granted, required.scopes) && required.claims.every((each) => meets(given, each));
  fc.assert(
    fc.property(rule, rule, fc.array(token, { minLength: 10, maxLength: 30 }), (strict, lax, tokens) => {
      if (!requiresAllOf(strict, lax)) return;
      for (const each of tokens) expect(!lets(strict, each) || lets(lax, each)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
