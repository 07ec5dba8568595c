import { wallTimeMs } from "./clock";
import { configuration, NamedHeader } from "./configuration";
import { HeaderMap } from "./header-map";
import { NO_DATE_MS, parseHttpDate } from "./http-date";
import { NEVER_MS } from "./numeric-date";
import { equalsIgnoringCase, indexOfByte, isBlank, Span, trim } from "./span";

/**
 * How long a reply's headers allow caching (RFC 9111). They can only shorten the configured time: with `max-age` or,
 * without one, `Expires`.
 */

let storable: bool = true;
let variesByUnkeyed: bool = false;
let reusableStale: bool = true;
let maxAgeSeconds: u64 = NEVER_MS;
let ageSeconds: u64 = 0;
/** NO_DATE_MS without an Expires; 0, long past, for an invalid one (RFC 9111, 5.3). */
let expiresMs: u64 = NO_DATE_MS;
let dateMs: u64 = NO_DATE_MS;

/** False if the reply must not be cached: Vary with * or an unkeyed header, Set-Cookie or, if obeyed, Cache-Control. */
export function isStorable(): bool {
  return storable;
}

/** True if the reply is for one request only, although others may have the same key: its Vary names an unkeyed header. */
export function isOfOneRequest(): bool {
  return variesByUnkeyed;
}

/** False if it must not be served stale when the server fails: must-revalidate or proxy-revalidate. */
export function isReusableStale(): bool {
  return reusableStale;
}

/** How long it stays fresh; NEVER_MS if it states nothing. */
export function freshForMs(): u64 {
  if (maxAgeSeconds != NEVER_MS) return maxAgeSeconds > ageSeconds ? (maxAgeSeconds - ageSeconds) * 1000 : 0;
  return expiresMs == NO_DATE_MS ? NEVER_MS : timeUntilExpiresMs();
}

/** `Expires` minus `Date`, minus the reply's age according to its `Age` or the host's clock (RFC 9111, 4.2). */
function timeUntilExpiresMs(): u64 {
  const now = wallTimeMs();
  const madeAtMs = dateMs == NO_DATE_MS ? now : dateMs;
  if (expiresMs <= madeAtMs) return 0;
  const lifetimeMs = expiresMs - madeAtMs;
  const ageMs = max(ageSeconds * 1000, now > madeAtMs ? now - madeAtMs : 0);
  return lifetimeMs > ageMs ? lifetimeMs - ageMs : 0;
}

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const directive = changetype<Span>(memory.data(8));
const argument = changetype<Span>(memory.data(8));
const listed = changetype<Span>(memory.data(8));

export function readFreshness(headers: HeaderMap): void {
  storable = true;
  variesByUnkeyed = false;
  reusableStale = true;
  maxAgeSeconds = NEVER_MS;
  ageSeconds = 0;
  expiresMs = NO_DATE_MS;
  dateMs = NO_DATE_MS;
  headers.rewind();
  while (headers.next(name, value)) {
    if (name.is("cache-control") || name.is("pragma")) {
      if (configuration.obeyCacheControl) readDirectives();
    } else if (name.is("age")) ageSeconds = max(ageSeconds, seconds(value));
    else if (name.is("expires")) readExpires();
    else if (name.is("date")) dateMs = dateIn(value);
    else if (name.is("set-cookie")) storable = false;
    else if (name.is("vary")) readVary();
  }
}

/** The earliest of several counts. If the host joins repeated lines, the result is not a date, and so past. */
function readExpires(): void {
  if (!configuration.obeyCacheControl) return;
  const stated = dateIn(value);
  expiresMs = min(expiresMs, stated == NO_DATE_MS ? 0 : stated);
}

function dateIn(text: Span): u64 {
  trim(text);
  return parseHttpDate(text, wallTimeMs());
}

/** A list of header names, or `*`, which also stands for every unkeyed header. */
function readVary(): void {
  for (let at = value.start; at < value.end; ) {
    const end = indexOfByte(at, value.end, 0x2c);
    listed.set(at, end - at);
    trim(listed);
    const isAll = indexOfByte(at, end, 0x2a) < end;
    if (isAll) storable = false;
    let header: NamedHeader | null = configuration.requestHeaders;
    while (header !== null) {
      if (header.isUnkeyed && (isAll || equalsIgnoringCase(listed, header.name))) {
        storable = false;
        variesByUnkeyed = true;
      }
      header = header.next;
    }
    at = end + 1;
  }
}

function readDirectives(): void {
  let at = value.start;
  while (at < value.end) {
    const end = endOfDirective(at, value.end);
    const equals = indexOfByte(at, end, 0x3d);
    directive.set(at, equals - at);
    trim(directive);
    if (equals < end) argument.set(equals + 1, end - equals - 1);
    else argument.set(end, 0);
    readDirective();
    at = end + 1;
  }
}

/** The comma after the directive at `at`; commas in quotes do not count. */
function endOfDirective(at: usize, end: usize): usize {
  let quoted = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22) quoted = !quoted;
    else if (byte == 0x5c && quoted) at++;
    else if (byte == 0x2c && !quoted) break;
  }
  return min(at, end);
}

function readDirective(): void {
  if (directive.isIgnoringCase("no-store") || directive.isIgnoringCase("no-cache")) {
    storable = false;
  } else if (directive.isIgnoringCase("must-revalidate") || directive.isIgnoringCase("proxy-revalidate")) {
    reusableStale = false;
  } else if (directive.isIgnoringCase("max-age") || directive.isIgnoringCase("s-maxage")) {
    maxAgeSeconds = min(maxAgeSeconds, seconds(argument));
  }
}

/** Delta-seconds, possibly in quotes; 0 (already stale) if it is anything else (RFC 9111, 4.2.1). */
function seconds(text: Span): u64 {
  let total: u64 = 0;
  let digits = 0;
  for (let at = text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22 || isBlank(byte)) continue;
    if (byte < 0x30 || byte > 0x39) return 0;
    // Ten digits are three centuries; more of them must not overflow.
    if (++digits <= 10) total = total * 10 + (byte - 0x30);
  }
  return total;
}
