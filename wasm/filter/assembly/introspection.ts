import { arenaMark } from "./arena";
import { CLIENT_FORM, CLIENT_HEADER, Endpoint, Rule, configuration } from "./configuration";
import { token } from "./credentials";
import { putFormEncoded } from "./form-encoding";
import { addHeader, addHeaderText } from "./header-map";
import {
  beginJson, enterObject, failJson, jsonEnded, jsonPosition, nextMember, peekJson, readBoolean, readNumber, readString,
  skipValue,
} from "./json-reader";
import { beginCall, dispatch, endCallHeaders } from "./outbound";
import { INSUFFICIENT_SCOPE, SERVER_ERROR, SERVER_MALFORMED, TOKEN_INACTIVE, statusOf } from "./reasons";
import { composeRefusal, noScopes } from "./refusal";
import { replyBody, replyBodyFits, replyStatus } from "./reply";
import { Span, indexOfByte } from "./span";
import { putSpan, putText, takeWritten } from "./text-writer";
import { expiryMs } from "./unverified-expiry";
import { clearUpstreamValues, composeUpstreamPayload, indexOfClaim, setUpstreamValue } from "./upstream-headers";
import { VERDICT_ASK_DECISION, verdict } from "./verdict";

/** OAuth 2.0 Token Introspection (RFC 7662), as the whole decision or only to learn who the subject is. */

const body = changetype<Span>(memory.data(8));
const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const scope = changetype<Span>(memory.data(8));
const word = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

/** The verified subject of the last reply judged by `judgeSubject`. */
export const verifiedSubject = changetype<Span>(memory.data(8));

export function askIntrospection(endpoint: Endpoint): bool {
  beginCall(endpoint, "POST");
  addHeaderText("content-type", "application/x-www-form-urlencoded");
  addHeaderText("accept", "application/json");
  if (endpoint.clientAuthentication == CLIENT_HEADER) addHeader("authorization", endpoint.clientProof);
  endCallHeaders();
  const start = arenaMark();
  putText("token=");
  putFormEncoded(token);
  putText("&token_type_hint=access_token");
  if (endpoint.clientAuthentication == CLIENT_FORM) putSpan(endpoint.clientProof);
  takeWritten(start, body);
  return dispatch(endpoint, body);
}

/** Judges the reply as the decision: active, and of every scope the rule requires. */
export function judgeIntrospection(rule: Rule | null): void {
  clearUpstreamValues();
  if (!readActive()) return;
  if (rule !== null && !hasScopes(rule.scopes)) {
    composeRefusal(INSUFFICIENT_SCOPE, rule.scopes, payload);
    verdict.refuse(statusOf(INSUFFICIENT_SCOPE), INSUFFICIENT_SCOPE, payload, true);
    return;
  }
  composeUpstreamPayload(payload);
  verdict.allow(payload);
}

/** Judges the reply as the source of the subject: its `sub` goes to the decision point. */
export function judgeSubject(): void {
  if (!readActive()) return;
  if (verifiedSubject.size == 0) verdict.fail(SERVER_MALFORMED);
  else verdict.kind = VERDICT_ASK_DECISION;
}

const SEEN_ACTIVE: u32 = 1;
const SEEN_EXP: u32 = 2;
const SEEN_SCOPE: u32 = 4;
const SEEN_SUB: u32 = 8;

/**
 * Reads the reply. False, with the verdict set, unless it says `"active": true` and is sound in all that matters:
 * a decisive member given twice means two parsers could read it differently, so it is malformed.
 */
function readActive(): bool {
  scope.clear();
  verifiedSubject.clear();
  if (replyStatus() != 200) {
    // A 401 here means that the server refuses the gateway, not the client.
    verdict.fail(SERVER_ERROR);
    return false;
  }
  let seen: u32 = 0;
  let active = false;
  if (replyBodyFits()) {
    beginJson(replyBody.start, replyBody.size);
    enterObject();
    while (nextMember(name)) {
      if (name.is("active")) {
        seen = once(seen, SEEN_ACTIVE);
        active = readBoolean();
      } else if (name.is("exp")) {
        seen = once(seen, SEEN_EXP);
        verdict.expiresAtMs = expiryMs(readNumber());
      } else {
        seen = readClaim(seen);
      }
    }
  }
  if (!replyBodyFits() || !jsonEnded() || !(seen & SEEN_ACTIVE)) {
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  if (active) return true;
  composeRefusal(TOKEN_INACTIVE, noScopes(), payload);
  verdict.refuse(statusOf(TOKEN_INACTIVE), TOKEN_INACTIVE, payload, true);
  return false;
}

function once(seen: u32, bit: u32): u32 {
  if (seen & bit) failJson();
  return seen | bit;
}

/** Reads a member that is text if it matters: scope, sub, and what goes on to the upstream. */
function readClaim(seen: u32): u32 {
  const isScope = name.is("scope");
  const isSub = name.is("sub");
  if (isScope) seen = once(seen, SEEN_SCOPE);
  if (isSub) seen = once(seen, SEEN_SUB);
  const target = configuration.subject === null ? indexOfClaim(name) : -1;
  const first = peekJson();
  if (first == 0x22) {
    readString(value);
    if (isScope) scope.copy(value);
    if (isSub) verifiedSubject.copy(value);
    if (target >= 0 && !setUpstreamValue(target, value)) failJson();
  } else {
    if (isScope || isSub) failJson();
    const start = jsonPosition();
    skipValue();
    // Numbers and booleans go on as they are written. Lists and objects have no one form as a header.
    const isScalar = first != 0x7b && first != 0x5b && first != 0x6e;
    value.set(start, jsonPosition() - start);
    if (target >= 0 && isScalar && !setUpstreamValue(target, value)) failJson();
  }
  return seen;
}

/** Whether each word of `required` is a word of the reply's scope. */
function hasScopes(required: Span): bool {
  for (let at = required.start; at < required.end; ) {
    const end = indexOfByte(at, required.end, 0x20);
    word.set(at, end - at);
    if (!hasScope(word)) return false;
    at = end + 1;
  }
  return true;
}

const granted = changetype<Span>(memory.data(8));

function hasScope(wanted: Span): bool {
  for (let at = scope.start; at < scope.end; ) {
    const end = indexOfByte(at, scope.end, 0x20);
    granted.set(at, end - at);
    if (granted.equals(wanted)) return true;
    at = end + 1;
  }
  return false;
}
