import { LOG_ERROR, proxy_log } from "./abi";
import { arenaMark, arenaOverflowed, reserve, rewindArena } from "./arena";
import { putBase64 } from "./base64";
import {
  CLIENT_FORM, CLIENT_HEADER, CLIENT_NONE, CredentialSource, Endpoint, FROM_AUTHORIZATION, FROM_COOKIE, FROM_HEADER,
  NamedHeader, PROTOCOL_AUTHZEN, PROTOCOL_FORWARD_AUTH, PROTOCOL_INTROSPECTION, PROTOCOL_OPA, Rule, URI_NONE, URI_PATH,
  URI_PATH_AND_QUERY, addRule, addUpstreamHeader, configuration,
} from "./configuration";
import { putFormEncoded } from "./form-encoding";
import {
  beginJson, enterArray, enterObject, failJson, hexValue, jsonEnded, jsonFailed, nextElement, nextMember, peekJson,
  readBoolean, readNumber, readString, skipValue,
} from "./json-reader";
import { absentText, keepBytes, keepText } from "./kept-memory";
import {
  MAX_CONFIGURATION_TEXT_BYTES, MAX_CREDENTIAL_SOURCES, MAX_FIXED_HEADERS, MAX_REQUEST_HEADERS, MAX_RULES,
  MAX_SCOPES_BYTES, MAX_TIMEOUT_MS, MAX_TTL_MS,
} from "./limits";
import { SPAN_BYTES, Span, lowerCase } from "./span";
import { putByte, putDecimal, putSpan, putText, takeWritten } from "./text-writer";
import { isCleanHeaderText, isVisibleAscii } from "./utf8";

/**
 * Reads the plugin configuration. The first thing wrong ends it: a line in the log names the field and what is allowed,
 * and the instance does not start. Unknown fields are skipped, so that a newer gateway can speak to an older filter.
 */
export function readConfiguration(start: usize, size: usize): bool {
  complained = false;
  depth = 0;
  configuration.upstreamCount = 0;
  beginJson(start, size);
  readTop();
  if (!jsonEnded()) complain("must be valid JSON, an object");
  if (!complained && arenaOverflowed()) complain("is too large");
  return !complained;
}

/* Where the reader is, for messages: names of fields, or for an element of a list its number. */

const MAX_PATH: i32 = 8;
const PATH_NAMES: usize = memory.data(4 * 8);
const PATH_NUMBERS: usize = memory.data(4 * 8);
let depth: i32 = 0;
let complained: bool = false;

function enter(name: string, number: i32 = 0): void {
  if (depth < MAX_PATH) {
    store<usize>(PATH_NAMES + (<usize>depth << 2), changetype<usize>(name));
    store<i32>(PATH_NUMBERS + (<usize>depth << 2), number);
  }
  depth++;
}

function leave(): void {
  // After a fault the path stays where it happened.
  if (!complained) depth--;
}

const LIST_ELEMENT: string = "[]";

function complain(what: string): void {
  failJson();
  if (complained) return;
  complained = true;
  const start = arenaMark();
  putText("configuration");
  for (let i = 0; i < depth && i < MAX_PATH; i++) {
    const name = changetype<string>(load<usize>(PATH_NAMES + (<usize>i << 2)));
    if (changetype<usize>(name) == changetype<usize>(LIST_ELEMENT)) {
      putByte(0x5b);
      putDecimal(load<i32>(PATH_NUMBERS + (<usize>i << 2)));
      putByte(0x5d);
    } else {
      putText(i == 0 ? ": " : ".");
      putText(name);
    }
  }
  putByte(0x20);
  putText(what);
  proxy_log(LOG_ERROR, start, arenaMark() - start);
}

/** A complaint about a field of the object being read. */
function complainAbout(name: string, what: string): void {
  enter(name);
  complain(what);
  leave();
}

/* Which of the known fields of the current object were seen: one bit each. */

let seen: u32 = 0;

function isField(key: Span, name: string, bit: u32): bool {
  if (!key.is(name)) return false;
  if (seen & (1 << bit)) complainAbout(name, "must be given once");
  seen |= 1 << bit;
  return !complained;
}

function need(name: string, bit: u32): void {
  if (!jsonFailed() && !(seen & (1 << bit))) complainAbout(name, "is missing");
}

/* Values. Each complains under the field's name and returns something harmless. */

const text = changetype<Span>(memory.data(8));

/** Reads a text of at most MAX_CONFIGURATION_TEXT_BYTES into `text`. */
function readShortText(name: string): bool {
  if (readString(text) && text.size <= MAX_CONFIGURATION_TEXT_BYTES && isCleanHeaderText(text.start, text.size)) {
    return true;
  }
  complainAbout(name, "must be a text of at most 8192 bytes without control characters");
  return false;
}

function readText(name: string, mayBeEmpty: bool = false): Span {
  if (!readShortText(name)) return absentText();
  if (text.size == 0 && !mayBeEmpty) {
    complainAbout(name, "must not be empty");
    return absentText();
  }
  return keep(name);
}

function keep(name: string): Span {
  const kept = keepText(text);
  if (!kept.isPresent) complainAbout(name, "does not fit into memory (raise cache.maxBytes)");
  return kept;
}

/** A header's name, in lower case. */
function readHeaderName(name: string): Span {
  const kept = readText(name);
  for (let at = kept.start; at < kept.end; at++) {
    const byte = lowerCase(load<u8>(at));
    store<u8>(at, byte);
    if (!isTokenByte(byte)) {
      complainAbout(name, "must be a header name (RFC 9110 token)");
      return absentText();
    }
  }
  return kept;
}

function isTokenByte(byte: u8): bool {
  if ((byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39)) return true;
  switch (byte) {
    case 0x21: case 0x23: case 0x24: case 0x25: case 0x26: case 0x27: case 0x2a:
    case 0x2b: case 0x2d: case 0x2e: case 0x5e: case 0x5f: case 0x60: case 0x7c: case 0x7e: return true;
    default: return false;
  }
}

function readToken(name: string): Span {
  const kept = readText(name);
  for (let at = kept.start; at < kept.end; at++) {
    if (!isTokenByte(load<u8>(at))) complainAbout(name, "must be a token (RFC 9110)");
  }
  return kept;
}

function readPath(name: string): Span {
  const kept = readText(name);
  if (kept.isPresent && (load<u8>(kept.start) != 0x2f || !isVisibleAscii(kept.start, kept.size))) {
    complainAbout(name, "must be a path that begins with / and holds visible ASCII only");
  }
  return kept;
}

function readWhole(name: string, least: f64, most: f64, allowed: string): u64 {
  const value = isNumberNext() ? readNumber() : NaN;
  if (!(value >= least && value <= most) || value != Math.floor(value)) {
    complainAbout(name, allowed);
    return 0;
  }
  return <u64>value;
}

function isNumberNext(): bool {
  const first = peekJson();
  return first == 0x2d || (first >= 0x30 && first <= 0x39);
}

function readFlag(name: string): u32 {
  const value = readBoolean();
  if (jsonFailed()) complainAbout(name, "must be true or false");
  return value ? 1 : 0;
}

function openObject(): bool {
  if (enterObject()) return true;
  complain("must be an object");
  return false;
}

function openArray(name: string): bool {
  if (enterArray()) return true;
  complainAbout(name, "must be a list");
  return false;
}

const key = changetype<Span>(memory.data(8));

function readTop(): void {
  if (!openObject()) return;
  seen = 0;
  while (nextMember(key)) {
    if (isField(key, "service", 0)) configuration.service = readText("service");
    else if (isField(key, "configVersion", 1)) configuration.configVersion = readText("configVersion");
    else if (isField(key, "digestKey", 2)) readDigestKey();
    else if (isField(key, "realm", 3)) configuration.realm = readText("realm", true);
    else if (isField(key, "credentials", 4)) readCredentials();
    else if (isField(key, "protocol", 5)) readProtocol();
    else if (isField(key, "cache", 6)) readCache();
    else if (isField(key, "rules", 7)) readRules();
    else if (isField(key, "failOpen", 8)) configuration.failOpen = readFlag("failOpen");
    else skipValue();
  }
  need("service", 0);
  need("configVersion", 1);
  need("digestKey", 2);
  need("realm", 3);
  need("credentials", 4);
  need("protocol", 5);
  need("cache", 6);
}

function readDigestKey(): void {
  const ok = readString(text) && text.size == 32;
  let low: u64 = 0;
  let high: u64 = 0;
  let valid = ok;
  for (let i: usize = 0; valid && i < 16; i++) {
    const first = hexValue(load<u8>(text.start + 2 * i));
    const second = hexValue(load<u8>(text.start + 2 * i + 1));
    if (first < 0 || second < 0) valid = false;
    const byte = <u64>((first << 4) | second);
    if (i < 8) low |= byte << (8 * i);
    else high |= byte << (8 * (i - 8));
  }
  if (!valid) {
    complainAbout("digestKey", "must be 32 hexadecimal digits");
    return;
  }
  configuration.digestKeyLow = low;
  configuration.digestKeyHigh = high;
}

function readCache(): void {
  enter("cache");
  configuration.obeyCacheControl = 1;
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  const ttl = "must be a whole number of milliseconds from 0 to 86400000";
  while (nextMember(key)) {
    if (isField(key, "maxTtlMs", 0)) configuration.maxTtlMs = readWhole("maxTtlMs", 0, MAX_TTL_MS, ttl);
    else if (isField(key, "denyTtlMs", 1)) configuration.denyTtlMs = readWhole("denyTtlMs", 0, MAX_TTL_MS, ttl);
    else if (isField(key, "obeyCacheControl", 4)) configuration.obeyCacheControl = readFlag("obeyCacheControl");
    else if (isField(key, "staleIfErrorMs", 2)) {
      configuration.staleIfErrorMs = readWhole("staleIfErrorMs", 0, MAX_TTL_MS, ttl);
    } else if (isField(key, "maxBytes", 3)) {
      configuration.maxBytes = readWhole(
        "maxBytes", 327680, 4294967296, "must be a whole number of bytes from 327680 to 4294967296",
      );
    } else skipValue();
  }
  need("maxTtlMs", 0);
  need("denyTtlMs", 1);
  need("maxBytes", 3);
  seen = outer;
  leave();
}

function readCredentials(): void {
  if (!openArray("credentials")) return;
  enter("credentials");
  let last: CredentialSource | null = null;
  let index: u32 = 0;
  for (; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    const source = changetype<CredentialSource>(keepBytes(offsetof<CredentialSource>()));
    if (changetype<usize>(source) == 0 || index == MAX_CREDENTIAL_SOURCES) {
      complain("is too much: at most 16 sources");
      return;
    }
    source.index = index;
    readCredential(source);
    if (last === null) configuration.credentials = source;
    else last.next = source;
    last = source;
    leave();
  }
  if (index == 0) complain("must name at least one source");
  leave();
}

function readCredential(source: CredentialSource): void {
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  source.name = absentText();
  while (nextMember(key)) {
    if (isField(key, "from", 0)) {
      if (!readShortText("from")) return;
      if (text.is("authorization")) source.from = FROM_AUTHORIZATION;
      else if (text.is("header")) source.from = FROM_HEADER;
      else if (text.is("cookie")) source.from = FROM_COOKIE;
      else complainAbout("from", "must be authorization, header or cookie");
    } else if (isField(key, "schemes", 1)) readSchemes(source);
    else if (isField(key, "name", 2)) source.name = readToken("name");
    else skipValue();
  }
  need("from", 0);
  if (source.from == FROM_AUTHORIZATION) {
    if (!(seen & 2)) source.acceptsBearer = 1;
    configuration.challengeBearer |= source.acceptsBearer;
    configuration.challengeBasic |= source.acceptsBasic;
  } else {
    need("name", 2);
    if (source.from == FROM_HEADER) lowerAll(source.name);
  }
  seen = outer;
}

function lowerAll(name: Span): void {
  for (let at = name.start; at < name.end; at++) store<u8>(at, lowerCase(load<u8>(at)));
}

function readSchemes(source: CredentialSource): void {
  if (!openArray("schemes")) return;
  while (nextElement()) {
    if (!readShortText("schemes")) return;
    if (text.isIgnoringCase("bearer")) source.acceptsBearer = 1;
    else if (text.isIgnoringCase("basic")) source.acceptsBasic = 1;
    else complainAbout("schemes", "must be a list of bearer and basic");
  }
  if (!source.acceptsBearer && !source.acceptsBasic) complainAbout("schemes", "must name bearer, basic or both");
}

function readProtocol(): void {
  enter("protocol");
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  const endpoint = newEndpoint();
  if (endpoint === null) return;
  configuration.endpoint = endpoint;
  configuration.checkMethod = absentText();
  while (nextMember(key)) {
    if (readEndpointField(endpoint)) continue;
    if (isField(key, "type", 8)) readProtocolType();
    else if (isField(key, "uri", 9)) readUri();
    else if (isField(key, "requestHeaders", 10)) readRequestHeaders();
    else if (isField(key, "method", 11)) configuration.checkMethod = readToken("method");
    else if (isField(key, "upstreamHeaders", 12)) readUpstreamHeaders();
    else if (isField(key, "upstreamClaims", 13)) readUpstreamClaims();
    else if (isField(key, "headers", 14)) readFixedHeaders();
    else if (isField(key, "subject", 15)) readSubject();
    else skipValue();
  }
  need("type", 8);
  needEndpoint();
  checkProtocol(endpoint);
  seen = outer;
  leave();
}

/** Fields that would be ignored under this protocol are refused: they were meant to do something. */
function checkProtocol(endpoint: Endpoint): void {
  if (jsonFailed()) return;
  const protocol = configuration.protocol;
  if (protocol == PROTOCOL_INTROSPECTION) {
    need("clientAuthentication", 4);
    if (seen & (1 << 12)) complainAbout("upstreamHeaders", "is not of introspection (use upstreamClaims)");
  } else {
    if (seen & (1 << 13)) complainAbout("upstreamClaims", "is of introspection only");
    if (endpoint.clientAuthentication) complainAbout("clientAuthentication", "is of introspection only");
  }
  if (configuration.subject !== null && protocol != PROTOCOL_AUTHZEN && protocol != PROTOCOL_OPA) {
    complainAbout("subject", "is of authzen and opa only");
  }
  if (protocol == PROTOCOL_FORWARD_AUTH && !configuration.checkMethod.isPresent) {
    putGet();
    configuration.checkMethod = keep("method");
  }
}

function putGet(): void {
  const start = arenaMark();
  putText("GET");
  takeWritten(start, text);
}

function readProtocolType(): void {
  if (!readShortText("type")) return;
  if (text.is("forward-auth")) configuration.protocol = PROTOCOL_FORWARD_AUTH;
  else if (text.is("introspection")) configuration.protocol = PROTOCOL_INTROSPECTION;
  else if (text.is("authzen")) configuration.protocol = PROTOCOL_AUTHZEN;
  else if (text.is("opa")) configuration.protocol = PROTOCOL_OPA;
  else complainAbout("type", "must be forward-auth, introspection, authzen or opa");
}

function readUri(): void {
  if (!readShortText("uri")) return;
  if (text.is("path-and-query")) configuration.uri = URI_PATH_AND_QUERY;
  else if (text.is("path")) configuration.uri = URI_PATH;
  else if (text.is("none")) configuration.uri = URI_NONE;
  else complainAbout("uri", "must be path-and-query, path or none");
}

function newEndpoint(): Endpoint | null {
  const endpoint = changetype<Endpoint | null>(keepBytes(offsetof<Endpoint>()));
  if (endpoint === null) complain("does not fit into memory (raise cache.maxBytes)");
  return endpoint;
}

/** The fields that a protocol and its `subject` share, bits 0 to 4. */
function readEndpointField(endpoint: Endpoint): bool {
  if (isField(key, "cluster", 0)) endpoint.cluster = readText("cluster");
  else if (isField(key, "authority", 1)) endpoint.authority = readAuthority();
  else if (isField(key, "path", 2)) endpoint.path = readPath("path");
  else if (isField(key, "timeoutMs", 3)) {
    endpoint.timeoutMs = <u32>readWhole(
      "timeoutMs", 1, MAX_TIMEOUT_MS, "must be a whole number of milliseconds from 1 to 600000",
    );
  } else if (isField(key, "clientAuthentication", 4)) readClientAuthentication(endpoint);
  else return false;
  return true;
}

function readAuthority(): Span {
  const kept = readText("authority");
  if (kept.isPresent && !isVisibleAscii(kept.start, kept.size)) {
    complainAbout("authority", "must be a host name, perhaps with a port");
  }
  return kept;
}

function needEndpoint(): void {
  need("cluster", 0);
  need("authority", 1);
  need("path", 2);
  need("timeoutMs", 3);
}

function readSubject(): void {
  enter("subject");
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  const endpoint = newEndpoint();
  if (endpoint === null) return;
  while (nextMember(key)) {
    if (!readEndpointField(endpoint)) skipValue();
  }
  needEndpoint();
  need("clientAuthentication", 4);
  configuration.subject = endpoint;
  seen = outer;
  leave();
}

const proofType = changetype<Span>(memory.data(8));
const proofId = changetype<Span>(memory.data(8));
const proofSecret = changetype<Span>(memory.data(8));
const proofToken = changetype<Span>(memory.data(8));

/** Client authentication of RFC 6749, 2.3.1, brought into the form in which each call carries it. */
function readClientAuthentication(endpoint: Endpoint): void {
  enter("clientAuthentication");
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  while (nextMember(key)) {
    if (isField(key, "type", 0)) readProof("type", proofType);
    else if (isField(key, "id", 1)) readProof("id", proofId);
    else if (isField(key, "secret", 2)) readProof("secret", proofSecret);
    else if (isField(key, "token", 3)) readProof("token", proofToken);
    else skipValue();
  }
  need("type", 0);
  if (!jsonFailed()) composeProof(endpoint);
  seen = outer;
  leave();
}

function readProof(name: string, into: Span): void {
  if (!readShortText(name)) return;
  if (text.size == 0) complainAbout(name, "must not be empty");
  into.copy(text);
}

function composeProof(endpoint: Endpoint): void {
  const start = arenaMark();
  endpoint.clientProof = absentText();
  if (proofType.is("none")) {
    endpoint.clientAuthentication = CLIENT_NONE;
    return;
  }
  if (proofType.is("bearer")) {
    need("token", 3);
    endpoint.clientAuthentication = CLIENT_HEADER;
    if (jsonFailed()) return;
    putText("Bearer ");
    putSpan(proofToken);
  } else if (proofType.is("basic") || proofType.is("post")) {
    need("id", 1);
    need("secret", 2);
    if (jsonFailed()) return;
    if (proofType.is("basic")) {
      endpoint.clientAuthentication = CLIENT_HEADER;
      putFormEncoded(proofId);
      putByte(0x3a);
      putFormEncoded(proofSecret);
      const encoded = arenaMark();
      putText("Basic ");
      putBase64(start, encoded - start);
      takeWritten(encoded, text);
      endpoint.clientProof = keep("secret");
      return;
    }
    endpoint.clientAuthentication = CLIENT_FORM;
    putText("&client_id=");
    putFormEncoded(proofId);
    putText("&client_secret=");
    putFormEncoded(proofSecret);
  } else {
    complainAbout("type", "must be basic, post, bearer or none");
    return;
  }
  takeWritten(start, text);
  endpoint.clientProof = keep("secret");
}

function newHeader(): NamedHeader | null {
  const header = changetype<NamedHeader | null>(keepBytes(offsetof<NamedHeader>()));
  if (header === null) complain("does not fit into memory (raise cache.maxBytes)");
  return header;
}

function readRequestHeaders(): void {
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

function readFixedHeaders(): void {
  enter("headers");
  if (!openObject()) return;
  let last: NamedHeader | null = null;
  for (let count: u32 = 0; nextMember(key); count++) {
    const header = newHeader();
    if (header === null) return;
    if (count == MAX_FIXED_HEADERS) complain("must name at most 32 headers");
    header.name = keepHeaderName("headers");
    header.value = readText("value", true);
    if (last === null) configuration.fixedHeaders = header;
    else last.next = header;
    last = header;
  }
  leave();
}

/** The member name just read, as a header's name. */
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

function readUpstreamHeaders(): void {
  if (!openArray("upstreamHeaders")) return;
  while (nextElement()) {
    const name = readHeaderName("upstreamHeaders");
    if (jsonFailed()) return;
    if (!addUpstreamHeader(name, name)) complainAbout("upstreamHeaders", "must name at most 32 headers");
  }
}

function readUpstreamClaims(): void {
  enter("upstreamClaims");
  if (!openObject()) return;
  while (nextMember(key)) {
    text.copy(key);
    const claim = keep("upstreamClaims");
    const name = readHeaderName("header");
    if (jsonFailed()) return;
    if (!addUpstreamHeader(claim, name)) complain("must name at most 32 claims");
  }
  leave();
}

function readRules(): void {
  if (!openArray("rules")) return;
  enter("rules");
  for (let index: u32 = 0; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    const rule = changetype<Rule>(keepBytes(offsetof<Rule>()));
    if (changetype<usize>(rule) == 0 || index == MAX_RULES) {
      complain("is too much: at most 4096 rules, within cache.maxBytes");
      return;
    }
    readRule(rule);
    leave();
  }
  leave();
}

function readRule(rule: Rule): void {
  if (!openObject()) return;
  const outer = seen;
  seen = 0;
  rule.name = absentText();
  rule.scopes = absentText();
  rule.permission = absentText();
  while (nextMember(key)) {
    if (isField(key, "name", 0)) rule.name = readText("name");
    else if (isField(key, "scopes", 1)) rule.scopes = readScopes();
    else if (isField(key, "permission", 2)) rule.permission = readText("permission");
    else skipValue();
  }
  need("name", 0);
  if (!jsonFailed() && !addRule(rule)) complainAbout("name", "must be of one rule only");
  seen = outer;
}

/** Scope tokens (RFC 6749, 3.3), joined by single spaces. */
function readScopes(): Span {
  if (!openArray("scopes")) return absentText();
  const joined = reserve(MAX_SCOPES_BYTES);
  let size: usize = 0;
  while (nextElement()) {
    if (!readString(text) || !isScopeToken(text)) {
      complainAbout("scopes", "must be a list of scope tokens (RFC 6749)");
      return absentText();
    }
    if (!joined || size + 1 + text.size > MAX_SCOPES_BYTES) {
      complainAbout("scopes", "must be at most 4096 bytes together");
      return absentText();
    }
    if (size > 0) store<u8>(joined + size++, 0x20);
    memory.copy(joined + size, text.start, text.size);
    size += text.size;
  }
  if (joined) rewindArena(joined);
  if (size == 0) return absentText();
  text.set(joined, size);
  return keep("scopes");
}

function isScopeToken(scope: Span): bool {
  for (let at = scope.start; at < scope.end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22 || byte == 0x5c) return false;
  }
  return scope.size > 0 && isVisibleAscii(scope.start, scope.size);
}
