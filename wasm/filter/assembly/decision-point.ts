import { arenaMark } from "./arena";
import { configuration, NamedHeader } from "./configuration";
import { credentialScheme, SCHEME_BASIC, SCHEME_BEARER } from "./credentials";
import { addHeaderText } from "./header-map";
import { enterObject, nextMember, peekJson, readString, skipValue } from "./json-reader";
import { putJsonName, putJsonString } from "./json-writer";
import { MAX_JSON_REPLY_BYTES } from "./limits";
import { addFixedHeaders, beginCall, dispatch, endCallHeaders } from "./outbound";
import { DENIED, SERVER_ERROR, SERVER_MALFORMED, statusOf } from "./reasons";
import { composeRefusal, noScopes } from "./refusal";
import { fetchReplyBody, replyStatus } from "./reply";
import { Span } from "./span";
import { putByte, takeWritten } from "./text-writer";
import { composeUpstreamPayload, indexOfName, setUpstreamValue } from "./upstream-headers";
import { verdict } from "./verdict";

/** Common parts of AuthZEN and OPA: JSON request and reply; a status other than 200 is not a decision. */

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const body = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

let bodyStart: usize = 0;

/** Starts the call. Text put until `sendQuestion` is its body. */
export function beginQuestion(): void {
  beginCall(configuration.endpoint, "POST");
  addHeaderText("content-type", "application/json");
  addHeaderText("accept", "application/json");
  addFixedHeaders(configuration.endpoint);
  endCallHeaders();
  bodyStart = arenaMark();
}

export function sendQuestion(): bool {
  takeWritten(bodyStart, body);
  return dispatch(configuration.endpoint, body);
}

/** Puts `"headers": { … }` with the chosen headers that the request has. */
export function putChosenHeaders(first: bool): void {
  putJsonName("headers", first);
  putByte(0x7b);
  let isFirst = true;
  let header: NamedHeader | null = configuration.requestHeaders;
  while (header !== null) {
    if (header.value.isPresent) {
      if (!isFirst) putByte(0x2c);
      isFirst = false;
      putJsonString(header.name);
      putByte(0x3a);
      putJsonString(header.value);
    }
    header = header.next;
  }
  putByte(0x7d);
}

/** The credential's kind, for a decision point that verifies it itself. */
export function credentialKind(): string {
  if (credentialScheme() == SCHEME_BEARER) return "bearer";
  return credentialScheme() == SCHEME_BASIC ? "basic" : "opaque";
}

/** False, with a failed verdict, if the reply cannot contain a decision. */
export function isAnswer(): bool {
  if (replyStatus() == 200) {
    if (fetchReplyBody(MAX_JSON_REPLY_BYTES)) return true;
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  // Its 401 and 403 concern the gateway's own call, so they do not deny the client.
  verdict.fail(SERVER_ERROR);
  return false;
}

/**
 * Reads a decision's headers for the upstream, `{ "name": "value" }` or null. Only configured names are used.
 * @returns false if they do not have this form; the reader has skipped them then
 */
export function readDecisionHeaders(): bool {
  if (peekJson() != 0x7b) return skipNull();
  let sound = true;
  enterObject();
  while (nextMember(name)) {
    const index = indexOfName(name);
    value.clear();
    if (index >= 0 && peekJson() == 0x22) readString(value);
    else if (!skipNull() && index >= 0) sound = false;
    if (index >= 0 && !setUpstreamValue(index, value)) sound = false;
  }
  return sound;
}

/** Skips a value; false unless it was null. */
export function skipNull(): bool {
  const isNull = peekJson() == 0x6e;
  skipValue();
  return isNull;
}

/** Sets the verdict for a well-formed reply. @param sound true if everything an allow needs from it is valid */
export function decide(allowed: bool, sound: bool): void {
  if (!allowed) {
    composeRefusal(DENIED, noScopes(), payload);
    verdict.refuse(statusOf(DENIED), DENIED, payload, true);
  } else if (sound) {
    composeUpstreamPayload(payload);
    verdict.allow(payload);
  } else {
    verdict.fail(SERVER_MALFORMED);
  }
}
