import { MAP_REQUEST_HEADERS } from "./abi";
import { arenaMark, rewindArena } from "./arena";
import { CredentialSource, configuration, FROM_AUTHORIZATION, FROM_COOKIE } from "./configuration";
import { hidesCookie } from "./cookie-names";
import { credentialSource } from "./credentials";
import { proxy_remove_header_map_value, proxy_replace_header_map_value } from "./env";
import { requestHeaders } from "./header-map";
import { indexOfByte, Span, trim } from "./span";
import { putByte, putBytes, putText, takeWritten } from "./text-writer";

/**
 * A request can contain a credential in each configured place, and the first decides. The others are not verified, and the
 * upstream might use one of them, so they are removed. The deciding one stays as it was sent.
 */

const header = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const cookie = changetype<Span>(memory.data(8));
const rest = changetype<Span>(memory.data(8));

export function hasSeveralSources(): bool {
  const first = configuration.credentials;
  return first !== null && first.next !== null;
}

/**
 * Removes them from the request whose credential was found last.
 * @returns true if there were any
 */
export function removeOtherCredentials(): bool {
  const decided = credentialSource();
  let removed = false;
  let source = configuration.credentials;
  while (source !== null) {
    if (source.from != FROM_COOKIE && !isSamePlace(source, decided) && removeHeader(source)) removed = true;
    source = source.next;
  }
  return removeCookies(decided) || removed;
}

/** Two sources with the same place can differ only in the accepted schemes. */
function isSamePlace(a: CredentialSource, b: CredentialSource): bool {
  return a.from == b.from && (a.from == FROM_AUTHORIZATION || a.name.equals(b.name));
}

function removeHeader(source: CredentialSource): bool {
  const start = arenaMark();
  if (source.from == FROM_AUTHORIZATION) {
    putText("authorization");
    takeWritten(start, header);
  } else {
    header.copy(source.name);
  }
  const isThere = requestHeaders.find(header, value) > 0;
  if (isThere) proxy_remove_header_map_value(MAP_REQUEST_HEADERS, header.start, header.size);
  rewindArena(start);
  return isThere;
}

function removeCookies(decided: CredentialSource): bool {
  const mark = arenaMark();
  putText("cookie");
  takeWritten(mark, header);
  requestHeaders.findJoined(header, value);
  const start = arenaMark();
  let removed = false;
  for (let at = value.start; at < value.end; ) {
    const end = indexOfByte(at, value.end, 0x3b);
    if (isOtherCredential(at, end, decided)) {
      removed = true;
    } else {
      if (arenaMark() != start) putByte(0x3b);
      putBytes(at, end - at);
    }
    at = end + 1;
  }
  takeWritten(start, rest);
  if (removed) {
    trim(rest);
    if (rest.size == 0) proxy_remove_header_map_value(MAP_REQUEST_HEADERS, header.start, header.size);
    else proxy_replace_header_map_value(MAP_REQUEST_HEADERS, header.start, header.size, rest.start, rest.size);
  }
  rewindArena(mark);
  return removed;
}

/** True if the pair from `at` to `end` is the cookie of a source that did not decide, even if only some servers read it so. */
function isOtherCredential(at: usize, end: usize, decided: CredentialSource): bool {
  cookie.set(at, indexOfByte(at, end, 0x3d) - at);
  trim(cookie);
  let source = configuration.credentials;
  while (source !== null) {
    if (source.from == FROM_COOKIE && !isSamePlace(source, decided)) {
      if (source.name.equals(cookie) || hidesCookie(at, end, source.name)) return true;
    }
    source = source.next;
  }
  return false;
}
