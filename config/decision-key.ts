import { asksAboutVerifiedSubject } from "./authorization-parts.ts";
import type { Authorization, DecisionPoint, FilterKind, ForwardAuth, Service } from "./gateway.ts";
import { AUTHENTICATE_RULE } from "./match-rule.ts";

/** What a cached decision of the built-in filter is kept for (docs/decision-key.md, SECURITY.md). */

type BuiltIn = Extract<FilterKind, { kind: "built-in" }>;
type AskedAboutRequest = ForwardAuth | DecisionPoint;

/** Whether the authorization server learns more of a request than its credential. */
export function asksAboutRequests(
  filterKind: FilterKind,
): filterKind is BuiltIn & { authorization: AskedAboutRequest } {
  return filterKind.kind === "built-in" && isAskedAboutRequest(filterKind.authorization);
}

export function isAskedAboutRequest(authorization: Authorization | undefined): authorization is AskedAboutRequest {
  return authorization !== undefined && "requestHeaders" in authorization;
}

/** Whether the authorization server gets a rule's pattern in place of path and query. */
export function sendsRule(authorization: Authorization | undefined): boolean {
  return isAskedAboutRequest(authorization) && authorization.uri === "rule";
}

/** Request headers that are sent to the authorization server but are not part of the key. */
export function unkeyedHeadersOf(authorization: Authorization | undefined): readonly string[] {
  return isAskedAboutRequest(authorization) ? authorization.unkeyedHeaders : [];
}

/** The parts of the key in words, for people; undefined for other filters, which have their own. */
export function keyedBy({ filterKind, rules }: Pick<Service, "filterKind" | "rules">): string[] | undefined {
  if (filterKind.kind !== "built-in") return undefined;
  const hasNamedRules = rules.some(({ name, access }) => access.kind === "authorize" && name !== AUTHENTICATE_RULE);
  const ofRule = hasNamedRules ? ["rule"] : [];
  if (!asksAboutRequests(filterKind)) return ["credential", "method", ...ofRule];
  const { uri, requestHeaders } = filterKind.authorization;
  const who = asksAboutVerifiedSubject(filterKind.authorization) ? ["verified subject", "its issuer"] : ["credential"];
  return [...who, "method", "host", "scheme", ...ofRule, ...URI_PARTS[uri], ...requestHeaders];
}

const URI_PARTS: Readonly<Record<AskedAboutRequest["uri"], readonly string[]>> = {
  "path-and-query": ["path and query"],
  path: ["path"],
  none: [],
  rule: ["path and query without a rule"],
};
