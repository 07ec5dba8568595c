import type { Authorization, Service } from "./gateway.ts";
import { AUTHENTICATE_RULE } from "./match-rule.ts";

/** What a cached decision of the built-in filter is kept for (docs/decision-key.md, SECURITY.md). */

/** Whether the authorization server gets a rule's pattern in place of path and query. */
export function sendsRule(authorization: Authorization | undefined): boolean {
  return authorization !== undefined && authorization.protocol !== "introspection" && authorization.uri === "rule";
}

/** Request headers that are sent to the authorization server but are not part of the key. */
export function unkeyedHeadersOf(authorization: Authorization | undefined): readonly string[] {
  return authorization === undefined || authorization.protocol === "introspection" ? [] : authorization.unkeyedHeaders;
}

/** The parts of the key in words, for people; undefined for other filters, which have their own. */
export function keyedBy({ filterKind, rules }: Pick<Service, "filterKind" | "rules">): string[] | undefined {
  if (filterKind.kind !== "built-in") return undefined;
  const { authorization } = filterKind;
  const ofRule = rules.some(({ name, access }) => access.kind === "authorize" && name !== AUTHENTICATE_RULE)
    ? ["rule"]
    : [];
  if (authorization.protocol === "introspection") return ["credential", "method", ...ofRule];
  const { uri, requestHeaders } = authorization;
  const ofUri = {
    "path-and-query": ["path and query"],
    path: ["path"],
    none: [],
    rule: ["path and query without a rule"],
  };
  return ["credential", "method", "host", "scheme", ...ofRule, ...ofUri[uri], ...requestHeaders];
}
