import { arenaMark } from "./arena";
import { NamedHeader, configuration } from "./configuration";
import { SCHEME_BASIC, SCHEME_BEARER, credentialScheme } from "./credentials";
import { addHeaderText } from "./header-map";
import { enterObject, failJson, nextMember, readString, skipValue } from "./json-reader";
import { putJsonName, putJsonString } from "./json-writer";
import { addFixedHeaders, beginCall, dispatch, endCallHeaders } from "./outbound";
import { DENIED, SERVER_ERROR, SERVER_MALFORMED, statusOf } from "./reasons";
import { composeRefusal, noScopes } from "./refusal";
import { replyBodyFits, replyStatus } from "./reply";
import { Span } from "./span";
import { putByte, takeWritten } from "./text-writer";
import { composeUpstreamPayload, indexOfName, setUpstreamValue } from "./upstream-headers";
import { verdict } from "./verdict";

/** What AuthZEN and OPA have in common: JSON is posted, JSON answers, a status other than 200 is no decision. */

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const body = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

let bodyStart: usize = 0;

/** Starts the call; what is put until `sendQuestion` is its body. */
export function beginQuestion(): void {
  beginCall(configuration.endpoint, "POST");
  addHeaderText("content-type", "application/json");
  addHeaderText("accept", "application/json");
  addFixedHeaders();
  endCallHeaders();
  bodyStart = arenaMark();
}

export function sendQuestion(): bool {
  takeWritten(bodyStart, body);
  return dispatch(configuration.endpoint, body);
}

/** `"headers": { … }` with the chosen headers that the request has. */
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

/** Name of the kind of credential, for a decision point that verifies it itself. */
export function credentialKind(): string {
  if (credentialScheme() == SCHEME_BEARER) return "bearer";
  return credentialScheme() == SCHEME_BASIC ? "basic" : "opaque";
}

/** Refuses a reply that cannot hold a decision. */
export function isAnswer(): bool {
  if (replyStatus() == 200) {
    if (replyBodyFits()) return true;
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  // Its 401 and 403 are about the gateway's own call, so they are no denials of the client.
  verdict.fail(SERVER_ERROR);
  return false;
}

/** Reads the headers a decision carries for the upstream, `{ "name": "value" }`. Only configured names are taken. */
export function readDecisionHeaders(): void {
  enterObject();
  while (nextMember(name)) {
    const index = indexOfName(name);
    if (index < 0) {
      skipValue();
      continue;
    }
    if (readString(value) && !setUpstreamValue(index, value)) failJson();
  }
}

export function allowDecision(): void {
  composeUpstreamPayload(payload);
  verdict.allow(payload);
}

export function denyDecision(): void {
  composeRefusal(DENIED, noScopes(), payload);
  verdict.refuse(statusOf(DENIED), DENIED, payload, true);
}
