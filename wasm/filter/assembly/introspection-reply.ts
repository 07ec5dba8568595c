import { arenaMark, extend, rewindArena } from "./arena";
import { wallTimeMs } from "./clock";
import { configuration, Endpoint, Expectation } from "./configuration";
import {
  beginJson,
  enterArray,
  enterObject,
  failJson,
  jsonEnded,
  nextElement,
  nextMember,
  peekJson,
  readBoolean,
  readString,
  skipValue,
} from "./json-reader";
import { KIND_NULL, KIND_NUMBER, KIND_OTHER, KIND_TEXT, readNumericValue, readValue } from "./json-value";
import { MAX_CLOCK_SKEW_MS, MAX_JSON_REPLY_BYTES } from "./limits";
import { decimalIn, NEVER_MS, numericDateMs } from "./numeric-date";
import { fetchReplyBody, replyBody } from "./reply";
import { equalsIgnoringCase, indexOfByte, Span } from "./span";

/**
 * Reads the reply of an introspection endpoint (RFC 7662, 2.2) as real servers write it: `exp` may be a decimal text,
 * `scope` a list, `sub` an integer, and null members count as absent. A relevant member that occurs twice could be read in
 * two ways, so the reply is malformed.
 */

export const REPLY_MALFORMED: u32 = 0;
export const REPLY_INACTIVE: u32 = 1;
/** Not yet valid. */
export const REPLY_NOT_YET_VALID: u32 = 2;
export const REPLY_ACTIVE: u32 = 3;
/** Active, but not what the configuration expects. */
export const REPLY_UNEXPECTED: u32 = 4;

/** Scopes of an active token, separated by spaces, and its subject. Absent if the reply has none. */
export const repliedScope = changetype<Span>(memory.data(8));
export const repliedSubject = changetype<Span>(memory.data(8));
let expiresAtMs: u64 = NEVER_MS;
let notBeforeMs: u64 = 0;

/** `exp` of an active token, ms since 1970, or NEVER_MS. */
export function repliedExpiryMs(): u64 {
  return expiresAtMs;
}

const name = changetype<Span>(memory.data(8));

/** True if all members that matter for an active token are valid. For an inactive one none matters. */
let sound: bool = true;
let seen: u32 = 0;

const SEEN_EXP: u32 = 1;
const SEEN_NBF: u32 = 2;
const SEEN_SCOPE: u32 = 4;
const SEEN_SUB: u32 = 8;

/** Reads the whole reply and returns one of the constants above. */
export function readIntrospectionReply(): u32 {
  repliedScope.clear();
  repliedSubject.clear();
  expiresAtMs = NEVER_MS;
  notBeforeMs = 0;
  sound = true;
  seen = 0;
  seenExpectations = 0;
  metExpectations = 0;
  if (!fetchReplyBody(MAX_JSON_REPLY_BYTES)) return REPLY_MALFORMED;
  let saysActive = false;
  let active = false;
  beginJson(replyBody.start, replyBody.size);
  enterObject();
  while (nextMember(name)) {
    if (name.is("active")) {
      if (saysActive) failJson();
      saysActive = true;
      active = readBoolean();
    } else {
      readMember();
    }
  }
  if (!jsonEnded() || !saysActive) return REPLY_MALFORMED;
  if (!active) return REPLY_INACTIVE;
  if (!sound) return REPLY_MALFORMED;
  const now = wallTimeMs();
  if (expiresAtMs <= now) return REPLY_INACTIVE;
  if (notBeforeMs > now + MAX_CLOCK_SKEW_MS) return REPLY_NOT_YET_VALID;
  return isAsExpected() ? REPLY_ACTIVE : REPLY_UNEXPECTED;
}

/** The endpoint whose reply is read: that of the subject, if the decision is asked of another server. */
function introspectionEndpoint(): Endpoint {
  const subject = configuration.subject;
  return subject === null ? configuration.endpoint : subject;
}

/** Bit i: the reply has the claim of the i-th expectation, and meets it. */
let seenExpectations: u32 = 0;
let metExpectations: u32 = 0;

function isAsExpected(): bool {
  let bit: u32 = 1;
  let at = introspectionEndpoint().expectations;
  while (at !== null) {
    if (!(metExpectations & bit)) return false;
    bit <<= 1;
    at = at.next;
  }
  return true;
}

/** The text of the last value read. */
const value = changetype<Span>(memory.data(8));

function readMember(): void {
  const isScope = name.is("scope");
  const bit = name.is("exp")
    ? SEEN_EXP
    : name.is("nbf")
      ? SEEN_NBF
      : isScope
        ? SEEN_SCOPE
        : name.is("sub")
          ? SEEN_SUB
          : 0;
  if (seen & bit) sound = false;
  seen |= bit;
  const expectation = expectationOf(name);
  if (expectation !== null && seenExpectations & expectationBit) sound = false;
  if (expectation !== null) seenExpectations |= expectationBit;
  const isList = peekJson() == 0x5b;
  const kind =
    isScope && isList
      ? readWordList()
      : expectation !== null && isList
        ? readExpectedList(expectation)
        : readValue(value);
  if (expectation !== null && kind == KIND_TEXT && meets(expectation, value)) metExpectations |= expectationBit;
  if (bit == SEEN_EXP) expiresAtMs = kind == KIND_NULL ? NEVER_MS : instantOf(kind);
  else if (bit == SEEN_NBF) notBeforeMs = kind == KIND_NULL ? 0 : instantOf(kind);
  else if (bit == SEEN_SCOPE) takeScope(kind);
  else if (bit == SEEN_SUB) takeSubject(kind);
}

/** The bit of the expectation that was found last. */
let expectationBit: u32 = 0;

function expectationOf(claim: Span): Expectation | null {
  expectationBit = 1;
  let at = introspectionEndpoint().expectations;
  while (at !== null) {
    if (at.claim.equals(claim)) return at;
    expectationBit <<= 1;
    at = at.next;
  }
  return null;
}

/** Token types differ in case between servers (RFC 6749, 7.1: "Bearer" and "bearer" are one); all else is compared as it is. */
function meets(expectation: Expectation, text: Span): bool {
  const isType = expectation.claim.is("token_type");
  let at = expectation.values;
  while (at !== null) {
    // The configuration has token types in lower case.
    if (isType ? equalsIgnoringCase(text, at.text) : at.text.equals(text)) return true;
    at = at.next;
  }
  return false;
}

/** A list meets an expectation if one of its texts does (`aud`, RFC 7662 2.2). It has no unique text form. */
function readExpectedList(expectation: Expectation): u32 {
  const bit = expectationBit;
  enterArray();
  while (nextElement()) {
    if (peekJson() != 0x22) skipValue();
    else if (readString(value) && meets(expectation, value)) metExpectations |= bit;
  }
  value.clear();
  return KIND_OTHER;
}

function instantOf(kind: u32): u64 {
  const seconds = kind == KIND_NUMBER ? readNumericValue() : kind == KIND_TEXT ? decimalIn(value) : NaN;
  if (isNaN(seconds)) sound = false;
  return numericDateMs(seconds);
}

/** An empty scope counts as absent: a token without scopes is valid, and the upstream gets no header. */
function takeScope(kind: u32): void {
  if (kind == KIND_TEXT && value.size == 0) value.clear();
  if (kind == KIND_TEXT) repliedScope.copy(value);
  else if (kind != KIND_NULL) sound = false;
}

/** A number is used as its digits, if that spelling is unique: 1e0, 1.0 and 1 must not become three subjects. */
function takeSubject(kind: u32): void {
  if (kind == KIND_TEXT || (kind == KIND_NUMBER && isPlainInteger(value))) repliedSubject.copy(value);
  else if (kind != KIND_NULL) sound = false;
}

function isPlainInteger(text: Span): bool {
  const isNegative = load<u8>(text.start) == 0x2d;
  for (let at = isNegative ? text.start + 1 : text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte < 0x30 || byte > 0x39) return false;
  }
  // JSON has no leading zeros, so this excludes only -0.
  return !isNegative || load<u8>(text.start + 1) != 0x30;
}

const word = changetype<Span>(memory.data(8));

/** Joins a list of words with single spaces. An element that is not a word makes the reply unsound. */
function readWordList(): u32 {
  const start = arenaMark();
  enterArray();
  while (nextElement()) {
    if (peekJson() != 0x22) {
      sound = false;
      skipValue();
      continue;
    }
    const mark = arenaMark();
    if (!readString(word)) break;
    if (word.size == 0 || indexOfByte(word.start, word.end, 0x20) != word.end) sound = false;
    // A word with escapes was decoded after the mark: it moves down to the end of the list.
    rewindArena(mark);
    const gap: usize = mark == start ? 0 : 1;
    const at = extend(gap + word.size);
    if (!at) break;
    memory.copy(at + gap, word.start, word.size);
    if (gap) store<u8>(at, 0x20);
  }
  value.set(start, arenaMark() - start);
  return KIND_TEXT;
}
