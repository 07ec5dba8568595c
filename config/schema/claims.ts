import * as v from "valibot";
import { isClaimText, parseClaimPath } from "../claim-path.ts";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { ClaimCondition, ClaimValue, UpstreamClaim } from "../gateway.ts";
import type { ClaimConditionInput } from "../input.ts";
import { aBoolean, aNumber, anObject, aText, chosen, withField } from "./chosen.ts";
import { explainedText, fields, list, named, refused, text } from "./fields.ts";
import { areDistinctHeaders, EACH_HEADER_ONCE, identityHeader } from "./values.ts";

/** Claims of a token: the conditions of rules, and those that go to the upstream. */

const { maxTextLength, maxFilterHeaders, maxClaimConditions, maxClaimValues } = CONFIG_LIMITS;

const claimPath = explainedText(
  "the name or path of a claim",
  (value) => {
    const parsed = parseClaimPath(value);
    return parsed.ok ? undefined : parsed.allowed;
  },
  maxTextLength,
);

function pathOf(name: string): readonly string[] {
  const parsed = parseClaimPath(name);
  if (!parsed.ok) throw new Error(`the schema let through the claim ${JSON.stringify(name)}`);
  return parsed.path;
}

const VALUE_ALLOWED = "a text, a number, true or false";

const claimText = text("a text that is not empty and has no control characters", isClaimText, maxTextLength);

const claimNumber = v.pipe(
  v.number(VALUE_ALLOWED),
  v.check(
    (value) => Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)),
    "a number of at most 2^53 - 1; larger ones lose digits before they can be compared",
  ),
);

const claimValue = chosen<ClaimValue>(
  VALUE_ALLOWED,
  [
    [aText, claimText],
    [aNumber, claimNumber],
  ],
  v.boolean(VALUE_ALLOWED),
);

const CONDITION_ALLOWED =
  'a text, a number, true or false, which the claim must equal; { in: ["a", "b"] } for one of several; ' +
  'or { includes: "a" } for a claim that is a list';

const inCondition = fields({
  in: list(claimValue, "a list of texts, numbers and booleans", { min: 1, max: maxClaimValues }),
  includes: refused("either in or includes, not both"),
});

const condition = chosen<ClaimConditionInput>(CONDITION_ALLOWED, [
  [withField("in"), inCondition],
  [anObject, fields({ includes: claimValue })],
  [aText, claimValue],
  [aNumber, claimValue],
  [aBoolean, claimValue],
]);

const CONDITIONS_ALLOWED = "an object from claims to conditions";

export const claimConditions: v.GenericSchema<unknown, Record<string, ClaimConditionInput>> = v.pipe(
  named(claimPath, condition, CONDITIONS_ALLOWED, maxClaimConditions),
  v.minEntries(1, `${CONDITIONS_ALLOWED}, at least one`),
);

export function resolveConditions(conditions: Readonly<Record<string, ClaimConditionInput>>): ClaimCondition[] {
  return Object.entries(conditions).map(([name, input]) => {
    const path = pathOf(name);
    if (typeof input !== "object") return { path, test: { oneOf: [input] } };
    return { path, test: input.in === undefined ? { includes: input.includes } : { oneOf: input.in } };
  });
}

export const upstreamClaims: v.GenericSchema<unknown, readonly UpstreamClaim[]> = v.pipe(
  named(claimPath, identityHeader, "an object from claims to header names", maxFilterHeaders),
  v.check((claims) => areDistinctHeaders(Object.values(claims)), EACH_HEADER_ONCE),
  v.transform((claims) => Object.entries(claims).map(([name, header]) => ({ path: pathOf(name), header }))),
);
