import type { ClaimCondition, ClaimTest, RequiredScopes, Requirements } from "./gateway.ts";

/**
 * Whether every credential that meets `strict` certainly meets `lax` too. False where that is not certain; then the request
 * is refused as ambiguous (match-rule.ts).
 */
export function requiresAllOf(strict: Requirements, lax: Requirements): boolean {
  if (lax.permission !== undefined && lax.permission !== strict.permission) return false;
  return (
    choicesOf(lax.scopes).every((choice) => choicesOf(strict.scopes).some((stricter) => isSubset(stricter, choice))) &&
    lax.claims.every((condition) => strict.claims.some((stricter) => impliesCondition(stricter, condition)))
  );
}

/** The requirement as lists of scopes, of each of which the credential needs one. */
function choicesOf({ allOf, anyOf }: RequiredScopes): (readonly string[])[] {
  return [...allOf.map((scope) => [scope]), ...(anyOf.length === 0 ? [] : [anyOf])];
}

function impliesCondition(strict: ClaimCondition, lax: ClaimCondition): boolean {
  const isSamePath =
    strict.path.length === lax.path.length && strict.path.every((name, index) => name === lax.path[index]);
  return isSamePath && impliesTest(strict.test, lax.test);
}

function impliesTest(strict: ClaimTest, lax: ClaimTest): boolean {
  if ("includes" in strict || "includes" in lax) {
    return "includes" in strict && "includes" in lax && strict.includes === lax.includes;
  }
  return isSubset(strict.oneOf, lax.oneOf);
}

function isSubset<Item>(some: readonly Item[], all: readonly Item[]): boolean {
  return some.every((item) => all.includes(item));
}
