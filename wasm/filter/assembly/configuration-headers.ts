import { addUpstreamHeader, configuration, Endpoint, NamedHeader } from "./configuration";
import {
  complain,
  complainAbout,
  enter,
  isTokenByte,
  keep,
  key,
  leave,
  lowerAll,
  openArray,
  openObject,
  readHeaderName,
  readText,
  text,
} from "./configuration-fields";
import { jsonFailed, nextElement, nextMember } from "./json-reader";
import { keepBytes } from "./kept-memory";
import { MAX_FIXED_HEADERS, MAX_REQUEST_HEADERS } from "./limits";
import { SPAN_BYTES, Span } from "./span";

/** Reads the configured headers: chosen ones, fixed ones, and upstream headers. */

function newHeader(): NamedHeader | null {
  const header = changetype<NamedHeader | null>(keepBytes(offsetof<NamedHeader>()));
  if (header === null) complain("does not fit into memory (raise cache.maxBytes)");
  return header;
}

let chosen: u32 = 0;
let lastChosen: NamedHeader | null = null;

export function readRequestHeaders(): void {
  readChosenHeaders("requestHeaders", false);
}

/** A header that is in both lists must stay in the key, so the operator has to decide. */
export function readUnkeyedHeaders(): void {
  readChosenHeaders("unkeyedHeaders", true);
}

function readChosenHeaders(field: string, isUnkeyed: bool): void {
  if (!openArray(field)) return;
  while (nextElement()) {
    const name = readHeaderName(field);
    const earlier = findChosen(name);
    if (earlier !== null) {
      if ((earlier.isUnkeyed != 0) != isUnkeyed) complainAbout(field, "must be given once");
      continue;
    }
    if (chosen++ == MAX_REQUEST_HEADERS) complainAbout(field, "must name at most 32 headers");
    const header = newHeader();
    const value = keepBytes(SPAN_BYTES);
    if (header === null || !value) return;
    header.name = name;
    header.value = changetype<Span>(value);
    header.isUnkeyed = isUnkeyed ? 1 : 0;
    const last = lastChosen;
    if (last === null) configuration.requestHeaders = header;
    else last.next = header;
    lastChosen = header;
  }
}

function findChosen(name: Span): NamedHeader | null {
  let header = configuration.requestHeaders;
  while (header !== null) {
    if (header.name.equals(name)) return header;
    header = header.next;
  }
  return null;
}

export function readFixedHeaders(endpoint: Endpoint): void {
  enter("headers");
  if (!openObject()) return;
  let last: NamedHeader | null = null;
  for (let count: u32 = 0; nextMember(key); count++) {
    const header = newHeader();
    if (header === null) return;
    if (count == MAX_FIXED_HEADERS) complain("must name at most 32 headers");
    header.name = keepHeaderName("headers");
    header.value = readText("value", true);
    if (last === null) endpoint.fixedHeaders = header;
    else last.next = header;
    last = header;
  }
  leave();
}

/** Keeps the member name just read as a header name. */
function keepHeaderName(field: string): Span {
  text.copy(key);
  const kept = keep(field);
  lowerAll(kept);
  let valid = kept.size > 0;
  for (let at = kept.start; at < kept.end; at++) {
    if (!isTokenByte(load<u8>(at))) valid = false;
  }
  if (!valid) complain("must have header names (RFC 9110 tokens) as its names");
  return kept;
}

export function readUpstreamHeaders(): void {
  if (!openArray("upstreamHeaders")) return;
  while (nextElement()) {
    const name = readHeaderName("upstreamHeaders");
    if (jsonFailed()) return;
    if (!addUpstreamHeader(name, null)) complainAbout("upstreamHeaders", "must name at most 32 headers");
  }
}
