import type { RequiredScopes } from "./gateway.ts";

/** Whether a token with these scopes has every one of `allOf`, and one of `anyOf` unless that is empty. */
export function hasScopes(granted: readonly string[], { allOf, anyOf }: RequiredScopes): boolean {
  return (
    allOf.every((scope) => granted.includes(scope)) &&
    (anyOf.length === 0 || anyOf.some((scope) => granted.includes(scope)))
  );
}
