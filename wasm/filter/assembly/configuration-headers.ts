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

export function readRequestHeaders(): void {
  if (!openArray("requestHeaders")) return;
  let last: NamedHeader | null = null;
  for (let count: u32 = 0; nextElement(); count++) {
    if (count == MAX_REQUEST_HEADERS) complainAbout("requestHeaders", "must name at most 32 headers");
    const name = readHeaderName("requestHeaders");
    if (isChosen(name)) continue;
    const header = newHeader();
    const value = keepBytes(SPAN_BYTES);
    if (header === null || !value) return;
    header.name = name;
    header.value = changetype<Span>(value);
    if (last === null) configuration.requestHeaders = header;
    else last.next = header;
    last = header;
  }
}

function isChosen(name: Span): bool {
  let header = configuration.requestHeaders;
  while (header !== null) {
    if (header.name.equals(name)) return true;
    header = header.next;
  }
  return false;
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
