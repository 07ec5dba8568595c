import { challengedSchemes } from "../../config/challenged-schemes.ts";
import type { Credential, Service } from "../../config/index.ts";
import type { Incoming } from "../incoming.ts";
import { errorResponse } from "../replies.ts";
import { withLead } from "./token-lead.ts";
import type { InvalidReason } from "./verdict.ts";

/** The gateway's own refusals of a credential, with the challenges of RFC 9110 11.6.1 and RFC 6750 3. */

/** What was refused: a request under a rule. */
export interface RefusedRequest {
  readonly incoming: Pick<Incoming, "service" | "target">;
  readonly ruleName: string;
}

/** 401; without `error` if no credential came. */
export function unauthorized(
  { incoming, ruleName }: RefusedRequest,
  sources: readonly Credential[],
  reason: InvalidReason,
): Response {
  const error = reason === "missing_credential" ? "" : ', error="invalid_token"';
  const { service } = incoming;
  const challenges = challengedSchemes(sources).map((scheme) =>
    scheme === "Bearer"
      ? withLead(`Bearer ${realmOf(service)}${error}`, incoming, ruleName)
      : challengeOf(scheme, service),
  );
  return errorResponse(401, reason, { "www-authenticate": challenges.join(", ") });
}

export function insufficientScope({ incoming, ruleName }: RefusedRequest, scopes: readonly string[]): Response {
  const challenge = `Bearer ${realmOf(incoming.service)}, error="insufficient_scope", scope="${scopes.join(" ")}"`;
  return errorResponse(403, "insufficient_scope", { "www-authenticate": withLead(challenge, incoming, ruleName) });
}

export function insufficientClaims(): Response {
  return errorResponse(403, "insufficient_claims");
}

function challengeOf(scheme: string, service: Pick<Service, "name">): string {
  return scheme === "Basic" ? `Basic ${realmOf(service)}, charset="UTF-8"` : `${scheme} ${realmOf(service)}`;
}

/** Names of services need no quoting. */
function realmOf({ name }: Pick<Service, "name">): string {
  return `realm="${name}"`;
}
