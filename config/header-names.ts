/** Header names as the gateway understands them. All functions take any case. */

/** `token` of RFC 9110 5.6.2: what a header name may consist of. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The names that travel from a client to the filter and the upstream. CGI-like servers turn every other character into
 * the `_` they also use for `-`, so that `X_User` and `X-User` become one variable there and two headers here.
 */
export const PLAIN_HEADER_NAME = /^[0-9A-Za-z-]+$/;

/** Fields of one connection, not of the message: RFC 9110 7.6.1, and `keep-alive`, `proxy-*` from before it. */
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

/** Where a message goes and where it ends. Only the runtime that writes the message may say so. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set(["host", "content-length", "expect"]);

/** Set by the gateway on every request to the upstream, from what it saw itself. */
const FORWARDED_HEADERS: ReadonlySet<string> = new Set(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);

/** Headers the client and the upstream need for themselves; taking them out or replacing them breaks the request. */
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
  // Without its conditions a write would overwrite what another client wrote in between.
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

/** Prefix of what the gateway and its filter say to each other and to the authorization server. */
export const GATEWAY_HEADER_PREFIX = "x-ebb-";

/** One spelling for all names a CGI-like upstream cannot tell apart: lower case, `_` as `-`. */
export function canonicalHeaderName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** True for a header about the connection or the framing of one message, in any spelling. */
export function isConnectionHeader(name: string): boolean {
  const canonical = canonicalHeaderName(name);
  return HOP_BY_HOP_HEADERS.has(canonical) || FRAMING_HEADERS.has(canonical);
}

/** True for the headers by which the gateway says what it saw of the client. */
export function isForwardedHeader(name: string): boolean {
  return FORWARDED_HEADERS.has(canonicalHeaderName(name));
}

/**
 * Why a header cannot be one that only the filter sets, as a reason after "because", or undefined if it can.
 * @param name or the beginning of names and `*`
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
  if (ofClient !== undefined) return `${ofClient}, the client's own, would be taken out of every request`;
  if (FORWARDED_HEADERS.has(canonical) || canonical === "forwarded")
    return "the gateway itself sets it from the connection";
  if (canonical.startsWith(GATEWAY_HEADER_PREFIX)) return `${GATEWAY_HEADER_PREFIX}* is the gateway's own`;
  // Cloudflare Access says by cf-access-* who signed in; where it is not in front, anybody could.
  if (canonical.startsWith("cf-") && !canonical.startsWith("cf-access-")) return "cf-* is set by Cloudflare";
  return undefined;
}
