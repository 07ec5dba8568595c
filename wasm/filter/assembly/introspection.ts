import { arenaMark } from "./arena";
import { CLAIMS_MALFORMED, CLAIMS_MET, CLAIMS_UNMET, judgeClaims } from "./claim-conditions";
import { CLIENT_FORM, CLIENT_HEADER, Endpoint, Rule } from "./configuration";
import { token } from "./credentials";
import { putFormEncoded } from "./form-encoding";
import { addHeader, addHeaderText } from "./header-map";
import {
  REPLY_ACTIVE,
  REPLY_MALFORMED,
  REPLY_NOT_YET_VALID,
  REPLY_UNEXPECTED,
  readIntrospectionReply,
  repliedExpiryMs,
  repliedScope,
  repliedSubject,
} from "./introspection-reply";
import { addFixedHeaders, beginCall, dispatch, endCallHeaders } from "./outbound";
import {
  INSUFFICIENT_CLAIMS,
  INSUFFICIENT_SCOPE,
  SERVER_ERROR,
  SERVER_MALFORMED,
  statusOf,
  TOKEN_INACTIVE,
  TOKEN_UNEXPECTED,
} from "./reasons";
import { composeRefusal, noScopes } from "./refusal";
import { replyBody, replyStatus } from "./reply";
import { indexOfByte, Span } from "./span";
import { putSpan, putText, takeWritten } from "./text-writer";
import { takeUpstreamClaims } from "./upstream-claims";
import { clearUpstreamValues, composeUpstreamPayload } from "./upstream-headers";
import { VERDICT_ASK_DECISION, verdict } from "./verdict";

/** OAuth 2.0 Token Introspection (RFC 7662), as the whole decision or only to find the subject. */

const body = changetype<Span>(memory.data(8));
const word = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

export function askIntrospection(endpoint: Endpoint): bool {
  beginCall(endpoint, "POST");
  addHeaderText("content-type", "application/x-www-form-urlencoded");
  addHeaderText("accept", "application/json");
  if (endpoint.clientAuthentication == CLIENT_HEADER) addHeader("authorization", endpoint.clientProof);
  addFixedHeaders(endpoint);
  endCallHeaders();
  const start = arenaMark();
  putText("token=");
  putFormEncoded(token);
  putText("&token_type_hint=access_token");
  if (endpoint.clientAuthentication == CLIENT_FORM) putSpan(endpoint.clientProof);
  takeWritten(start, body);
  return dispatch(endpoint, body);
}

/** Judges the reply as the decision: active, with the scopes and claims that the rule requires, in this order. */
export function judgeIntrospection(rule: Rule | null): void {
  clearUpstreamValues();
  if (!isActive()) return;
  if (rule !== null && !hasScopes(rule)) {
    refuse(INSUFFICIENT_SCOPE, rule.scopes);
    return;
  }
  const claims = rule === null ? CLAIMS_MET : judgeClaims(replyBody, rule.claims);
  if (claims == CLAIMS_UNMET) {
    refuse(INSUFFICIENT_CLAIMS, noScopes());
    return;
  }
  if (claims == CLAIMS_MALFORMED || !takeUpstreamClaims(replyBody)) {
    verdict.fail(SERVER_MALFORMED);
    return;
  }
  composeUpstreamPayload(payload);
  verdict.allow(payload);
}

function refuse(reason: u32, scopes: Span): void {
  composeRefusal(reason, scopes, payload);
  verdict.refuse(statusOf(reason), reason, payload, true);
}

/** Judges the reply as the source of the subject: its `sub` goes to the decision point. */
export function judgeSubject(): void {
  clearUpstreamValues();
  if (!isActive()) return;
  if (repliedSubject.size == 0) verdict.fail(SERVER_MALFORMED);
  else verdict.kind = VERDICT_ASK_DECISION;
}

/** True if the reply says that the token is active and nothing in it contradicts that. Otherwise sets the verdict. */
function isActive(): bool {
  if (replyStatus() != 200) {
    // A 401 here means that the server rejects the gateway, not the client.
    verdict.fail(SERVER_ERROR);
    return false;
  }
  const reply = readIntrospectionReply();
  if (reply == REPLY_MALFORMED) {
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  if (reply == REPLY_ACTIVE) {
    verdict.expiresAtMs = repliedExpiryMs();
    return true;
  }
  const reason = reply == REPLY_UNEXPECTED ? TOKEN_UNEXPECTED : TOKEN_INACTIVE;
  composeRefusal(reason, noScopes(), payload);
  // A token that is not valid yet will be.
  verdict.refuse(statusOf(reason), reason, payload, reply != REPLY_NOT_YET_VALID);
  return false;
}

/** True if the reply's scope has each scope of the rule, or any one if that is enough. */
function hasScopes(rule: Rule): bool {
  const required = rule.scopes;
  const isAnyEnough = rule.isAnyScopeEnough != 0;
  for (let at = required.start; at < required.end; ) {
    const end = indexOfByte(at, required.end, 0x20);
    word.set(at, end - at);
    // The first granted scope decides if any is enough; else the first missing one.
    if (hasScope(word) == isAnyEnough) return isAnyEnough;
    at = end + 1;
  }
  return !isAnyEnough;
}

const granted = changetype<Span>(memory.data(8));

function hasScope(wanted: Span): bool {
  for (let at = repliedScope.start; at < repliedScope.end; ) {
    const end = indexOfByte(at, repliedScope.end, 0x20);
    granted.set(at, end - at);
    if (granted.equals(wanted)) return true;
    at = end + 1;
  }
  return false;
}
