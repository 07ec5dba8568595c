/** Header names as the gateway understands them. All functions take any case. */

/** The syntax of header names: `token` of RFC 9110 5.6.2. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Only headers with these names go from a client to the filter and the upstream. CGI-like servers turn every other
 * character, and also `-`, into `_`: `X_User` and `X-User` would be two headers here and one variable there.
 */
export const PLAIN_HEADER_NAME = /^[0-9A-Za-z-]+$/;

/** Headers of one connection, not of the message: RFC 9110 7.6.1, and the older `keep-alive` and `proxy-*`. */
const HOP_BY_HOP_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Headers that define where a message goes and where it ends. Only the runtime that writes the message may set them. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set(["host", "content-length", "expect"]);

/** The gateway sets these on every request to the upstream, from its own view of the connection. */
const FORWARDED_HEADERS: ReadonlySet<string> = new Set(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);

/** Where the application is mounted: the prefix that the gateway strips. Only the upstream gets it; clients cannot set it. */
export const FORWARDED_PREFIX_HEADER = "x-forwarded-prefix";

/** Headers that the client and the upstream need; removing or replacing them breaks the request. */
const CLIENT_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "set-cookie",
  "content-type",
  "content-encoding",
  "accept",
  "accept-encoding",
  "origin",
  "range",
  "content-range",
  // Without these conditions a write could overwrite another client's.
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "access-control-request-headers",
  "access-control-request-method",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
]);

/** Prefix of the headers that the gateway and its filter send to each other and to the authorization server. */
export const GATEWAY_HEADER_PREFIX = "x-ebb-";

/** The issuer of the verified token, if a decision point is asked about its subject. Clients cannot set it. */
export const VERIFIED_ISSUER_HEADER = "x-ebb-token-issuer";

/** What identifies the first bytes of a request's body, if the authorization server gets them. Clients cannot set it. */
export const BODY_DIGEST_HEADER = "x-ebb-request-body";

/** Whether a check has only the first bytes of the body: the name that servers for Envoy know. */
export const PARTIAL_BODY_HEADER = "x-envoy-auth-partial-body";

/** These describe the upstream's own response, or what it is part of. */
const RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  ...["content-type", "content-encoding", "content-language", "content-location", "content-range", "accept-ranges"],
  ...["age", "date", "etag", "last-modified", "location", "vary", "www-authenticate"],
]);

/** Headers that tell the caches between client and gateway more than `Cache-Control` does, and count before it (RFC 9213 2). */
export function isForSharedCaches(name: string): boolean {
  return /^(?:surrogate-control|(?:.+-)?cdn-cache-control)$/i.test(name);
}

/** Why a header of an authorization server's allow cannot go to the client, as a reason after "because"; undefined if it can. */
export function whyNotClientHeader(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (isConnectionHeader(lower)) return "it belongs to the connection or frames the message";
  if (RESPONSE_HEADERS.has(lower)) return "it describes the upstream's own response";
  if (isForSharedCaches(lower)) return "a response with it is for one client, and shared caches must not keep it";
  if (lower.startsWith("sec-websocket-")) return "it belongs to the upstream's handshake";
  if (lower.startsWith("access-control-")) return "which sites may read a response is the upstream's to say";
  if (lower.startsWith(GATEWAY_HEADER_PREFIX)) return `${GATEWAY_HEADER_PREFIX}* is the gateway's own`;
  if (lower.startsWith("cf-")) return "cf-* is set by Cloudflare";
  return undefined;
}

/** One spelling for all names that a CGI-like upstream cannot tell apart: lower case, `-` for `_`. */
export function canonicalHeaderName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes("_") ? lower.replaceAll("_", "-") : lower;
}

/** True for a header about the connection or the framing of one message, in any spelling. */
export function isConnectionHeader(name: string): boolean {
  const canonical = canonicalHeaderName(name);
  return HOP_BY_HOP_HEADERS.has(canonical) || FRAMING_HEADERS.has(canonical);
}

/** True for the headers in which the gateway reports the client's address, host and scheme. */
export function isForwardedHeader(name: string): boolean {
  return FORWARDED_HEADERS.has(canonicalHeaderName(name));
}

/**
 * Why a header cannot be an identity header, as a reason after "because", or undefined if it can.
 * @param name a name, or the beginning of names and `*`
 */
export function whyNotIdentityHeader(name: string): string | undefined {
  const canonical = canonicalHeaderName(name);
  const first = (names: ReadonlySet<string>) =>
    canonical.endsWith("-*")
      ? [...names].find((other) => other.startsWith(canonical.slice(0, -1)))
      : [...names].find((other) => other === canonical);
  const ofConnection = first(HOP_BY_HOP_HEADERS) ?? first(FRAMING_HEADERS);
  if (ofConnection !== undefined) return `${ofConnection} belongs to the connection, not to the caller`;
  const ofClient = first(CLIENT_HEADERS);
  if (ofClient !== undefined) return `${ofClient} is the client's own and would be removed from every request`;
  if (FORWARDED_HEADERS.has(canonical) || canonical === "forwarded")
    return "the gateway itself sets it from the connection";
  if (canonical === FORWARDED_PREFIX_HEADER) return "the gateway itself sets it where it strips the prefix";
  if (canonical.startsWith(GATEWAY_HEADER_PREFIX)) return `${GATEWAY_HEADER_PREFIX}* is the gateway's own`;
  // Cloudflare Access reports the signed-in user in cf-access-*. Without Access in front, any client could send these.
  if (canonical.startsWith("cf-") && !canonical.startsWith("cf-access-")) return "cf-* is set by Cloudflare";
  return undefined;
}
