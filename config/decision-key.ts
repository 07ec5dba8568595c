import { asksAboutVerifiedSubject } from "./authorization-parts.ts";
import type { Authorization, DecisionPoint, FilterKind, ForwardAuth, SentBody, Service } from "./gateway.ts";
import { BODY_DIGEST_HEADER } from "./header-names.ts";
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

/** Whether the authorization server is told a rule's pattern at all. */
export function namesPattern(authorization: Authorization | undefined): boolean {
  return sendsRule(authorization) || namesRoute(authorization);
}

/** Whether the pattern is the resource that AuthZEN's question names, beside whatever is sent of path and query. */
export function namesRoute(authorization: Authorization | undefined): boolean {
  return authorization?.protocol === "authzen" && authorization.resource === "route";
}

/** Request headers that are sent to the authorization server but are not part of the key. */
export function unkeyedHeadersOf(authorization: Authorization | undefined): readonly string[] {
  return isAskedAboutRequest(authorization) ? authorization.unkeyedHeaders : [];
}

/** The first bytes of a request's body that the authorization server gets; undefined if it gets none. */
export function sentBodyOf(authorization: Authorization | undefined): SentBody | undefined {
  return isAskedAboutRequest(authorization) ? authorization.requestBody : undefined;
}

/**
 * Request headers that are sent to the authorization server and are part of the key: the chosen ones, and with the body those that
 * say how to read it.
 */
export function keyedHeadersOf(authorization: Authorization | undefined): readonly string[] {
  if (!isAskedAboutRequest(authorization)) return [];
  const { requestHeaders, requestBody } = authorization;
  return requestBody === undefined ? requestHeaders : [...new Set([...requestHeaders, ...HEADERS_OF_BODY])];
}

const HEADERS_OF_BODY: readonly string[] = ["content-type", "content-encoding", BODY_DIGEST_HEADER];

/** The parts of the key in words, for people; undefined for other filters, which have their own. */
export function keyedBy({ filterKind, rules }: Pick<Service, "filterKind" | "rules">): string[] | undefined {
  if (filterKind.kind !== "built-in") return undefined;
  const hasNamedRules = rules.some(({ name, access }) => access.kind === "authorize" && name !== AUTHENTICATE_RULE);
  const ofRule = hasNamedRules ? ["rule"] : [];
  if (!asksAboutRequests(filterKind)) return ["credential", "method", ...ofRule];
  const { uri, requestHeaders, requestBody } = filterKind.authorization;
  const ofBody = requestBody === undefined ? [] : ["type and first bytes of the body"];
  const who = asksAboutVerifiedSubject(filterKind.authorization) ? ["verified subject", "its issuer"] : ["credential"];
  return [...who, "method", "host", "scheme", ...ofRule, ...URI_PARTS[uri], ...requestHeaders, ...ofBody];
}

const URI_PARTS: Readonly<Record<AskedAboutRequest["uri"], readonly string[]>> = {
  "path-and-query": ["path and query"],
  path: ["path"],
  none: [],
  rule: ["path and query without a rule"],
};
