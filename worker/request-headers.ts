import {
  canonicalHeaderName,
  FORWARDED_PREFIX_HEADER,
  isConnectionHeader,
  PLAIN_HEADER_NAME,
} from "../config/header-names.ts";
import { coversHeader, isOverridingHeader } from "../config/header-patterns.ts";
import type { Service } from "../config/index.ts";
import type { HeaderChange } from "../wasm/host/index.ts";
import type { ClientInfo } from "./client-info.ts";
import { withoutOperatorCookie } from "./without-operator-cookie.ts";

/**
 * Chooses which headers of a client's request go on to the filter and the upstream. Both see the same request, so nothing
 * is authorized in one form and served in another. Only the filter's changes put identity headers back.
 */

export const HEADER_LIMITS = {
  /** Every header is copied into the filter's memory. */
  maxCount: 128,
  /** Names and values together, in UTF-8. The platform's own limit is 128 KB. */
  maxBytes: 64 * 1024,
} as const;

/** The part of `Headers` used here. */
export interface IncomingHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
}

export type FilterHeaders =
  | { readonly ok: true; readonly headers: string[] }
  | { readonly ok: false; readonly reason: "header_not_utf8" | "headers_too_large"; readonly header: string };

/**
 * The headers that a service's filter decides on, flat as name, value, name, value …, names in lower case.
 *
 * A value with U+FFFD had bytes that are not UTF-8: two different tokens would arrive as one text, and one of them would get
 * the other's cached decision. Such a request is refused, and so is one with control characters, but only if the header is
 * sent to the filter.
 *
 * @param told what the gateway itself says in some headers, in place of the client; null: nothing
 */
export function headersForFilter(
  incoming: IncomingHeaders,
  { neededHeaders, identityHeaders }: Pick<Service, "neededHeaders" | "identityHeaders">,
  client: ClientInfo,
  told: Readonly<Record<string, string | null>> = NOTHING_TOLD,
): FilterHeaders {
  const travelling =
    neededHeaders === "all"
      ? [...clientHeaders(incoming, identityHeaders), ...forwardedHeaders(client)]
      : picked(incoming, neededHeaders, identityHeaders, client, told);
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

const NOTHING_TOLD = {};

/** Reads the client's headers as filter and upstream get them; null if there is none, or if it stops at this hop. */
export function headerReader(incoming: IncomingHeaders): (name: string) => string | null {
  const nominated = namedByConnection(incoming);
  return (name) => {
    const value = nominated.has(name) ? null : incoming.get(name);
    return value === null ? null : sentValue(name, value);
  };
}

/** Filter and upstream get the client's address, host and scheme in the usual headers, which a client cannot set. */
function forwardedHeaders({ clientIp, host, proto }: ClientInfo): [name: string, value: string][] {
  const headers: [string, string][] = [
    ["x-forwarded-host", host],
    ["x-forwarded-proto", proto],
  ];
  return clientIp === "" ? headers : [["x-forwarded-for", clientIp], ...headers];
}

export interface UpstreamHeaderOptions extends ClientInfo {
  readonly service: Pick<Service, "identityHeaders" | "neededHeaders" | "credentialHeaders">;
  readonly changes: readonly HeaderChange[];
  /** The beginning of the client's path that the upstream does not get. */
  readonly strippedPrefix?: string | undefined;
  /** The request may become a WebSocket: `Upgrade` goes on; no other connection header does. */
  readonly websocket: boolean;
  /** The client's `Content-Length` goes on. */
  readonly keepsLength: boolean;
}

/**
 * Turns `headers`, a copy of the client's, into those of the request to the upstream: without those it may not send, then with
 * the gateway's own `x-forwarded-*`, then with the filter's changes. The caller applies changes to pseudo headers. Changes to
 * the connection or the framing are left out, because only the runtime knows how it sends the message.
 *
 * To remove a few headers from a copy is several times faster than to append all others.
 *
 * @throws TypeError if the filter set a name or value that no header can have
 */
export function toUpstream(headers: Headers, incoming: Headers, options: UpstreamHeaderOptions): void {
  const { identityHeaders, neededHeaders, credentialHeaders } = options.service;
  const nominated = namedByConnection(incoming);
  const known = knownNames(identityHeaders);
  // One call into the platform; an iterator makes one for each header.
  incoming.forEach((value, name) => {
    const goesOn =
      name === "content-length" ? options.keepsLength : (known.get(name) ?? travels(name, identityHeaders));
    if (!goesOn || nominated.has(name)) {
      headers.delete(name);
      return;
    }
    const sent = sentValue(name, value);
    if (sent === null) {
      headers.delete(name);
      return;
    }
    // Repeated lines have a comma between them here. Of those that were decided on, one line goes on: some servers read only
    // the first or the last.
    const isDecisive = neededHeaders === "all" || neededHeaders.includes(name) || credentialHeaders.includes(name);
    if (sent !== value || (isDecisive && value.includes(","))) headers.set(name, sent);
  });
  for (const [name, value] of forwardedHeaders(options)) headers.set(name, value);
  if (options.strippedPrefix !== undefined) headers.set(FORWARDED_PREFIX_HEADER, options.strippedPrefix);

  const { changes } = options;
  // All removals first: if a filter sets both X-User and X_User, both go on.
  for (const { name } of changes) {
    if (!isSentOn(name)) continue;
    headers.delete(name);
    const canonical = canonicalHeaderName(name);
    if (canonical !== name) headers.delete(canonical);
  }
  for (const { name, values } of changes) {
    if (!isSentOn(name)) continue;
    // `Headers` joins repeated fields with a comma, which would become part of a cookie's value (RFC 6265 5.4: one field).
    if (name.toLowerCase() === "cookie" && values.length > 0) headers.set(name, values.join("; "));
    else for (const value of values) headers.append(name, value);
  }
  if (options.websocket) headers.set("upgrade", "websocket");
}

/** Whether a filter's change applies to the request to the upstream. */
function isSentOn(name: string): boolean {
  return !name.startsWith(":") && !isConnectionHeader(name);
}

/** The client's headers that go on. Names in lower case. */
function* clientHeaders(incoming: IncomingHeaders, identityHeaders: readonly string[]): Generator<[string, string]> {
  const nominated = namedByConnection(incoming);
  for (const [rawName, value] of incoming) {
    const name = rawName.toLowerCase();
    if (!travels(name, identityHeaders) || nominated.has(name)) continue;
    const sent = sentValue(name, value);
    if (sent !== null) yield [name, sent];
  }
}

/** The headers a filter needs, without iterating over all headers. */
function* picked(
  incoming: IncomingHeaders,
  names: readonly string[],
  identityHeaders: readonly string[],
  client: ClientInfo,
  told: Readonly<Record<string, string | null>>,
): Generator<[string, string]> {
  const nominated = namedByConnection(incoming);
  for (const name of names) {
    const instead = Object.hasOwn(told, name) ? told[name] : undefined;
    if (instead !== undefined) {
      if (instead !== null) yield [name, instead];
      continue;
    }
    // An object of another deployment may need headers that this configuration removes from every request.
    if (name === "content-length" || !travels(name, identityHeaders)) {
      const forwarded = forwardedHeaders(client).find(([other]) => other === name);
      if (forwarded !== undefined) yield forwarded;
      continue;
    }
    const value = nominated.has(name) ? null : incoming.get(name);
    const sent = value === null ? null : sentValue(name, value);
    if (sent !== null) yield [name, sent];
  }
}

/** The answers of `travels` that are known, by the identity headers. Clients choose the names, so their number is limited. */
const knownToTravel = new WeakMap<readonly string[], Map<string, boolean>>();
const MAX_KNOWN_NAMES = 512;

/** Whether a client's header of this name, in lower case, goes on. */
function travels(name: string, identityHeaders: readonly string[]): boolean {
  const known = knownNames(identityHeaders);
  const before = known.get(name);
  if (before !== undefined) return before;
  const now = mayTravel(name, identityHeaders);
  if (known.size < MAX_KNOWN_NAMES) known.set(name, now);
  return now;
}

function knownNames(identityHeaders: readonly string[]): Map<string, boolean> {
  const known = knownToTravel.get(identityHeaders);
  if (known !== undefined) return known;
  const names = new Map<string, boolean>();
  knownToTravel.set(identityHeaders, names);
  return names;
}

function mayTravel(name: string, identityHeaders: readonly string[]): boolean {
  // CGI-like upstreams map a name with characters other than letters, digits and "-" to the same variable as another
  // header. nginx and Apache leave such headers out as well.
  if (!PLAIN_HEADER_NAME.test(name)) return false;
  if (isConnectionHeader(name) && name !== "content-length") return false;
  return !coversHeader(identityHeaders, name) && !isOverridingHeader(name);
}

/** A header's value as the upstream gets it; null: it does not get the header. */
function sentValue(name: string, value: string): string | null {
  // If the last line is empty, the joined value ends in ", "; the blank is not part of the value (RFC 9110 5.5).
  let end = value.length;
  while (end > 0 && (value[end - 1] === " " || value[end - 1] === "\t")) end--;
  const sent = end === value.length ? value : value.slice(0, end);
  return name === "cookie" ? withoutOperatorCookie(oneCookieLine(sent)) : sent;
}

/**
 * The cookies as one line. The runtime joins several `Cookie` lines with a comma, which would become part of a cookie's
 * value; RFC 9113 8.2.3 and RFC 6265 5.4 join them with a semicolon.
 */
function oneCookieLine(value: string): string {
  return value.includes(", ") ? value.replace(/, (?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)/g, "; ") : value;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Headers that `Connection` limits to this hop (RFC 9110 7.6.1). Neither filter nor upstream gets them: with
 * `Connection: authorization`, both get no credential. Applied before the gateway and the filter set any header, so a client
 * cannot remove theirs; nor can it remove the platform's (`cf-*`).
 */
export function namedByConnection(incoming: IncomingHeaders): ReadonlySet<string> {
  const connection = incoming.get("connection")?.toLowerCase();
  if (connection === undefined || connection === "keep-alive" || connection === "close") return NONE;
  const names = connection.split(",").map((name) => name.trim());
  return new Set(names.filter((name) => !name.startsWith("cf-")));
}

/** Bytes of a text in UTF-8 (a surrogate pair counts six). Undefined if it holds U+FFFD or a control character except tab. */
function sizeOfText(text: string): number | undefined {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code === 0xfffd) return undefined;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
}
