import type { ClaimCondition, ClaimValue } from "./gateway.ts";

/**
 * Compares the claims of a verified token with the conditions of a rule. The filter does the same for introspection replies
 * (wasm/filter/assembly/claim-conditions.ts); a test compares the two.
 */

/** Whether the token's claims, as parsed JSON, meet the condition. A missing claim, null and another type do not. */
export function meets(claims: unknown, { path, test }: ClaimCondition): boolean {
  const claim = claimAt(claims, path);
  if ("includes" in test) return Array.isArray(claim) && claim.some((item) => item === test.includes);
  return test.oneOf.some((value: ClaimValue) => claim === value);
}

/**
 * The claim at the path, or undefined. Only own members of objects count, so names such as `constructor` and `__proto__` are
 * data like any other; lists are not entered.
 */
export function claimAt(claims: unknown, path: readonly string[]): unknown {
  let found = claims;
  for (const name of path) {
    if (typeof found !== "object" || found === null || Array.isArray(found) || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
