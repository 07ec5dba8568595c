import { isBase64 } from "./base64";
import { CredentialSource, configuration, FROM_AUTHORIZATION, FROM_COOKIE, FROM_HEADER } from "./configuration";
import { hidesCookie } from "./cookie-names";
import { requestHeaders } from "./header-map";
import { MAX_TOKEN_BYTES } from "./limits";
import { indexOfByte, Span, trim } from "./span";
import { isVisibleAscii } from "./utf8";

/**
 * Finds the request's credential. The configured sources are tried in order, and the first with a credential is final.
 * Two values, or bytes outside visible ASCII, are refused, not skipped: another parser might pick the other value, and
 * U+FFFD can replace any unreadable byte.
 */

export const CREDENTIAL_MISSING: u32 = 0;
export const CREDENTIAL_FOUND: u32 = 1;
export const CREDENTIAL_MALFORMED: u32 = 2;

export const SCHEME_NONE: u32 = 0;
export const SCHEME_BEARER: u32 = 1;
export const SCHEME_BASIC: u32 = 2;

/** The credential itself, without its scheme. */
export const token = changetype<Span>(memory.data(8));
let foundScheme: u32 = SCHEME_NONE;
let foundSource: CredentialSource | null = null;

export function credentialScheme(): u32 {
  return foundScheme;
}

export function credentialSource(): CredentialSource {
  return changetype<CredentialSource>(foundSource);
}

export function findCredential(): u32 {
  let source = configuration.credentials;
  while (source !== null) {
    const outcome = lookIn(source);
    if (outcome != CREDENTIAL_MISSING) return outcome;
    source = source.next;
  }
  return CREDENTIAL_MISSING;
}

function lookIn(source: CredentialSource): u32 {
  token.clear();
  foundScheme = SCHEME_NONE;
  foundSource = source;
  let values: u32 = 0;
  if (source.from == FROM_AUTHORIZATION) values = lookInAuthorization(source);
  else if (source.from == FROM_HEADER) values = requestHeaders.find(source.name, token);
  else if (source.from == FROM_COOKIE) values = lookInCookies(source.name);
  if (values == 0) return CREDENTIAL_MISSING;
  if (values > 1) return CREDENTIAL_MALFORMED;
  trim(token);
  if (token.size == 0) return CREDENTIAL_MISSING;
  if (token.size > MAX_TOKEN_BYTES || !isVisibleAscii(token.start, token.size)) return CREDENTIAL_MALFORMED;
  if (foundScheme == SCHEME_BASIC && !isBase64(token)) return CREDENTIAL_MALFORMED;
  return CREDENTIAL_FOUND;
}

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const scheme = changetype<Span>(memory.data(8));

/** Number of Authorization headers; 0 if the only one has another scheme. `token` is the part after the scheme. */
function lookInAuthorization(source: CredentialSource): u32 {
  let values: u32 = 0;
  requestHeaders.rewind();
  while (requestHeaders.next(name, value)) {
    if (!name.is("authorization")) continue;
    values++;
    if (values > 1) return values;
    trim(value);
    const end = indexOfByte(value.start, value.end, 0x20);
    scheme.set(value.start, end - value.start);
    token.set(end, value.end - end);
  }
  if (values == 0) return 0;
  if (source.acceptsBearer && scheme.isIgnoringCase("bearer")) foundScheme = SCHEME_BEARER;
  else if (source.acceptsBasic && scheme.isIgnoringCase("basic")) foundScheme = SCHEME_BASIC;
  else return 0;
  return values;
}

/**
 * Number of cookies with this name in all Cookie headers; `token` is the last one's value. A cookie that only some servers
 * find counts if there is another one: those servers might use it.
 */
function lookInCookies(wanted: Span): u32 {
  let values: u32 = 0;
  let hidden: u32 = 0;
  requestHeaders.rewind();
  while (requestHeaders.next(name, value)) {
    if (!name.is("cookie")) continue;
    let at = value.start;
    while (at < value.end) {
      const end = indexOfByte(at, value.end, 0x3b);
      const equals = indexOfByte(at, end, 0x3d);
      if (equals < end) {
        scheme.set(at, equals - at);
        trim(scheme);
        if (scheme.equals(wanted)) {
          values++;
          token.set(equals + 1, end - equals - 1);
        } else if (hidesCookie(at, end, wanted)) {
          hidden++;
        }
      }
      at = end + 1;
    }
  }
  return values > 0 ? values + hidden : 0;
}
