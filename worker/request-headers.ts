import { canonicalHeaderName, isConnectionHeader, PLAIN_HEADER_NAME } from "../config/header-names.ts";
import { coversHeader, isOverridingHeader } from "../config/header-patterns.ts";
import type { Service } from "../config/index.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import type { ClientInfo } from "./client-info.ts";

/**
 * Which headers of a client's request go on, to the filter and to the upstream alike. Both see the same request, so
 * that nothing is authorized in one form and served in another. Only the filter's changes put identity headers back.
 */

export const HEADER_LIMITS = {
  /** Every header is copied into the filter's memory. */
  maxCount: 128,
  /** Names and values together, in UTF-8. The platform's own limit is 128 KB. */
  maxBytes: 64 * 1024,
} as const;

/** What is read of a `Headers`. */
export interface IncomingHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
}

export type FilterHeaders =
  | { readonly ok: true; readonly headers: string[] }
  | { readonly ok: false; readonly reason: "header_not_utf8" | "headers_too_large"; readonly header: string };

/**
 * The headers a service's filter decides on, flat as name, value, name, value …, names in lower case.
 *
 * A value that holds U+FFFD had bytes that are not UTF-8: two different tokens would arrive as one text, and one of them
 * would get the other's cached decision. Such a request is refused, and so is one with control characters, but only if
 * the header travels.
 */
export function headersForFilter(
  incoming: IncomingHeaders,
  { neededHeaders, identityHeaders }: Pick<Service, "neededHeaders" | "identityHeaders">,
  client: ClientInfo,
): FilterHeaders {
  const travelling =
    neededHeaders === "all"
      ? [...clientHeaders(incoming, identityHeaders), ...forwardedHeaders(client)]
      : picked(incoming, neededHeaders, identityHeaders, client);
  const headers: string[] = [];
  let bytes = 0;
  for (const [name, value] of travelling) {
    const valueBytes = sizeOfText(value);
    if (valueBytes === undefined) return { ok: false, reason: "header_not_utf8", header: name };
    bytes += name.length + valueBytes;
    headers.push(name, value);
    if (bytes > HEADER_LIMITS.maxBytes || headers.length > 2 * HEADER_LIMITS.maxCount) {
      return { ok: false, reason: "headers_too_large", header: name };
    }
  }
  return { ok: true, headers };
}

/** Filter and upstream get the client's info under the usual names, which a client cannot set. */
function forwardedHeaders({ clientIp, host, proto }: ClientInfo): [name: string, value: string][] {
  const headers: [string, string][] = [
    ["x-forwarded-host", host],
    ["x-forwarded-proto", proto],
  ];
  return clientIp === "" ? headers : [["x-forwarded-for", clientIp], ...headers];
}

export interface UpstreamHeaderOptions extends ClientInfo {
  /** Headers only the filter may set, lower case. */
  readonly identityHeaders: readonly string[];
  readonly changes: readonly HeaderChange[];
  /** The request asks for a WebSocket and may have one: `Upgrade` goes on, nothing else of the connection does. */
  readonly websocket: boolean;
}

/**
 * The headers of the request to the upstream: the client's without those it may not send, the gateway's own
 * `x-forwarded-*`, and over both the filter's changes. Pseudo headers among the changes belong to the caller; changes to
 * the connection or the framing are left out, because only the runtime knows how it sends the message.
 *
 * @throws TypeError if the filter set a name or value that no header can have; there is no request to send then
 */
export function upstreamHeaders(incoming: IncomingHeaders, options: UpstreamHeaderOptions): Headers {
  const headers = new Headers();
  for (const [name, value] of clientHeaders(incoming, options.identityHeaders)) headers.append(name, value);
  for (const [name, value] of forwardedHeaders(options)) headers.set(name, value);

  const changes = options.changes.filter(({ name }) => !name.startsWith(":") && !isConnectionHeader(name));
  // All removals first: a filter that sets both X-User and X_User means both.
  for (const { name } of changes) {
    headers.delete(name);
    headers.delete(canonicalHeaderName(name));
  }
  for (const { name, values } of changes) {
    // Headers joins repeated fields by comma, which would become part of a cookie's value (RFC 6265 5.4: one field).
    if (name.toLowerCase() === "cookie" && values.length > 0) headers.set(name, values.join("; "));
    else for (const value of values) headers.append(name, value);
  }
  if (options.websocket) headers.set("upgrade", "websocket");
  return headers;
}

/** The client's headers that go on. Names in lower case. */
function* clientHeaders(incoming: IncomingHeaders, identityHeaders: readonly string[]): Generator<[string, string]> {
  const nominated = namedByConnection(incoming);
  for (const [rawName, value] of incoming) {
    const name = rawName.toLowerCase();
    // Anything else than letters, digits and "-" is a second spelling of another header to CGI-like upstreams. nginx
    // and Apache leave such headers out as well.
    if (!PLAIN_HEADER_NAME.test(name)) continue;
    if (isConnectionHeader(name) && name !== "content-length") continue;
    if (nominated.has(name) || coversHeader(identityHeaders, name)) continue;
    if (isOverridingHeader(name)) continue;
    yield [name, sentValue(name, value)];
  }
}

/** The few headers a filter needs, without going through all of them. */
function* picked(
  incoming: IncomingHeaders,
  names: readonly string[],
  identityHeaders: readonly string[],
  client: ClientInfo,
): Generator<[string, string]> {
  const nominated = namedByConnection(incoming);
  for (const name of names) {
    // An object of another deployment may ask for what this one's configuration takes out of every request.
    if (isConnectionHeader(name) || coversHeader(identityHeaders, name)) continue;
    if (isOverridingHeader(name)) {
      const forwarded = forwardedHeaders(client).find(([other]) => other === name);
      if (forwarded !== undefined) yield forwarded;
      continue;
    }
    const value = incoming.get(name);
    if (value === null || nominated.has(name)) continue;
    yield [name, sentValue(name, value)];
  }
}

/** A header's value as the upstream gets it. */
function sentValue(name: string, value: string): string {
  // After an empty last line the joined value ends in ", ", of which the blank is no part (RFC 9110 5.5).
  let end = value.length;
  while (end > 0 && (value[end - 1] === " " || value[end - 1] === "\t")) end--;
  const sent = end === value.length ? value : value.slice(0, end);
  return name === "cookie" ? oneCookieLine(sent) : sent;
}

/**
 * The cookies as one line. The runtime joins several `Cookie` lines by a comma, which would become part of a cookie's value;
 * RFC 9113 8.2.3 and RFC 6265 5.4 join them by a semicolon.
 */
function oneCookieLine(value: string): string {
  return value.includes(", ") ? value.replace(/, (?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)/g, "; ") : value;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Headers that `Connection` declares to be of this hop (RFC 9110 7.6.1). They stop here for filter and upstream alike:
 * `Connection: authorization` leaves both without a credential. It is read before the gateway and the filter set
 * anything, so a client cannot have their headers removed, nor (`cf-*`) those of the platform.
 */
export function namedByConnection(incoming: IncomingHeaders): ReadonlySet<string> {
  const connection = incoming.get("connection")?.toLowerCase();
  if (connection === undefined || connection === "keep-alive" || connection === "close") return NONE;
  const names = connection.split(",").map((name) => name.trim());
  return new Set(names.filter((name) => !name.startsWith("cf-")));
}

/** Bytes of a text in UTF-8 (a pair of surrogates counts six), or undefined if it holds what no sound value does. */
function sizeOfText(text: string): number | undefined {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code === 0xfffd) return undefined;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
}
