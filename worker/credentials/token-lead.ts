import { metadataPath } from "../../config/resource-metadata.ts";
import type { LocalResponse } from "../../durable/rpc.ts";
import type { Incoming } from "../incoming.ts";

/**
 * What leads an OAuth client from a refusal to a token: where the service's metadata are (RFC 9728 5.1), and the scopes to ask for
 * (RFC 6750 3).
 */

type Asked = Pick<Incoming, "service" | "target">;

/** A Bearer challenge with these parameters; any other challenge, and that of a service without metadata, as it is. */
export function withLead(challenge: string, { service, target }: Asked, ruleName: string): string {
  const { resource, route, rules } = service;
  if (resource === undefined || !challenge.startsWith("Bearer ")) return challenge;
  const access = rules.find(({ name }) => name === ruleName)?.access;
  const required = access?.kind === "authorize" ? [...access.scopes.allOf, ...access.scopes.anyOf] : [];
  const scopes = required.length > 0 ? required : (resource.scopes ?? []);
  const scope = scopes.length === 0 || challenge.includes(", scope=") ? "" : `, scope="${scopes.join(" ")}"`;
  const metadata = `${target.scheme}://${target.host}${metadataPath(route)}`;
  return `${challenge}${scope}, resource_metadata="${metadata}"`;
}

/** The filter's own reasons that come with a challenge. */
const CHALLENGED: ReadonlySet<string> = new Set([
  "missing_credential",
  "malformed_credential",
  "token_inactive",
  "token_unexpected",
  "insufficient_scope",
]);

/**
 * A refusal of the built-in filter with the parameters in the gateway's own challenges. A challenge of the authorization server is
 * its own matter; where its 401 has none, the filter adds one.
 */
export function leadingToToken(answer: LocalResponse, asked: Asked, ruleName: string): LocalResponse {
  const { filterKind, resource, name } = asked.service;
  if (resource === undefined || filterKind.kind !== "built-in") return answer;
  const isOwn = (challenge: string) => CHALLENGED.has(answer.details) || challenge === `Bearer realm="${name}"`;
  const headers = answer.headers.map((text, index) =>
    index % 2 === 1 && answer.headers[index - 1] === "www-authenticate" && isOwn(text)
      ? withLead(text, asked, ruleName)
      : text,
  );
  return { ...answer, headers };
}
