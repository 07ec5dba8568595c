import type { Credential, Service } from "../../config/index.ts";
import { errorResponse } from "../replies.ts";
import type { InvalidReason } from "./verdict.ts";

/** The gateway's own refusals of a credential, with the challenges of RFC 9110 11.6.1 and RFC 6750 3. */

/** 401; without `error` if no credential came. */
export function unauthorized(
  service: Pick<Service, "name">,
  sources: readonly Credential[],
  reason: InvalidReason,
): Response {
  const error = reason === "missing_credential" ? "" : ', error="invalid_token"';
  const challenges = schemesOf(sources).map((scheme) =>
    scheme === "Bearer" ? `Bearer ${realmOf(service)}${error}` : challengeOf(scheme, service),
  );
  return errorResponse(401, reason, { "www-authenticate": challenges.join(", ") });
}

export function insufficientScope(service: Pick<Service, "name">, scopes: readonly string[]): Response {
  const challenge = `Bearer ${realmOf(service)}, error="insufficient_scope", scope="${scopes.join(" ")}"`;
  return errorResponse(403, "insufficient_scope", { "www-authenticate": challenge });
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

/** The schemes of `Authorization`; Bearer if no source reads that. */
function schemesOf(sources: readonly Credential[]): string[] {
  const schemes = sources.flatMap((source) => (source.from === "authorization" ? source.schemes : []));
  const named = [...new Set(schemes)].map((scheme) => scheme.charAt(0).toUpperCase() + scheme.slice(1));
  return named.length === 0 ? ["Bearer"] : named;
}
