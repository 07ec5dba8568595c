/**
 * The demo's only rule: every bearer token that begins with `demo-` is allowed, except those that begin with
 * `demo-revoked`. Each protocol in index.ts calls this function and only formats the answer differently.
 */

const ALLOWED_PREFIX = "demo-";
const REVOKED_PREFIX = "demo-revoked";

/** RFC 6750, section 2.1: the syntax of a bearer token. Any match is a valid header value. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

export type Verdict = { kind: "allowed"; user: string } | { kind: "revoked" } | { kind: "unknown" };

/** Applies the rule to a token. The user is the part after `demo-`, or `anonymous` if that is empty. */
export function judgeToken(token: string): Verdict {
  if (!BEARER_TOKEN.test(token) || !token.startsWith(ALLOWED_PREFIX)) return { kind: "unknown" };
  if (token.startsWith(REVOKED_PREFIX)) return { kind: "revoked" };
  return { kind: "allowed", user: token.slice(ALLOWED_PREFIX.length) || "anonymous" };
}

/** The token of an `Authorization: Bearer …` header; the scheme's case does not matter (RFC 9110, section 11.1). */
export function bearerToken(authorization: string | null): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
