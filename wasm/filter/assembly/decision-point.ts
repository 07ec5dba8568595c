import { arenaMark } from "./arena";
import { configuration, Rule } from "./configuration";
import { addHeaderText } from "./header-map";
import { enterArray, enterObject, nextElement, nextMember, peekJson, readString, skipValue } from "./json-reader";
import { MAX_JSON_REPLY_BYTES } from "./limits";
import { addFixedHeaders, beginCall, dispatch, endCallHeaders } from "./outbound";
import { putQuestion } from "./question";
import { DENIED, SERVER_ERROR, SERVER_MALFORMED, statusOf } from "./reasons";
import { composeRefusal, noScopes } from "./refusal";
import { fetchReplyBody, replyStatus } from "./reply";
import { Span } from "./span";
import { putSpan, putText, takeWritten } from "./text-writer";
import { composeUpstreamPayload, indexOfName, setUpstreamValue } from "./upstream-headers";
import { verdict } from "./verdict";

/** Common parts of AuthZEN and OPA: JSON request and reply; a status other than 200 is not a decision. */

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const item = changetype<Span>(memory.data(8));
const body = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

/** @param subject the verified subject, or absent to send the credential itself */
export function askDecisionPoint(rule: Rule | null, subject: Span): bool {
  beginCall(configuration.endpoint, "POST");
  addHeaderText("content-type", "application/json");
  addHeaderText("accept", "application/json");
  addFixedHeaders(configuration.endpoint);
  endCallHeaders();
  const start = arenaMark();
  putQuestion(rule, subject);
  takeWritten(start, body);
  return dispatch(configuration.endpoint, body);
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
 * Reads a decision's headers for the upstream, `{ "name": "value" }` or null. Only configured names are used. Values of a list
 * are joined as those of a repeated header (RFC 9110, 5.3).
 * @returns false if they do not have this form; the reader has skipped them then
 */
export function readDecisionHeaders(): bool {
  if (peekJson() != 0x7b) return skipNull();
  let sound = true;
  enterObject();
  while (nextMember(name)) {
    const index = indexOfName(name);
    value.clear();
    const first = peekJson();
    if (index >= 0 && first == 0x22) readString(value);
    else if (index >= 0 && first == 0x5b) sound = readJoined() && sound;
    else if (!skipNull() && index >= 0) sound = false;
    if (index >= 0 && !setUpstreamValue(index, value)) sound = false;
  }
  return sound;
}

/** Reads a list of texts into `value`; absent if it is empty. False if an element is no text. */
function readJoined(): bool {
  const start = arenaMark();
  let sound = true;
  let count = 0;
  enterArray();
  while (nextElement()) {
    if (peekJson() != 0x22) {
      sound = false;
      skipValue();
      continue;
    }
    if (count++ > 0) putText(", ");
    const mark = arenaMark();
    readString(item);
    // Decoded, it is in its place already; else it is still in the document.
    if (item.start != mark) putSpan(item);
  }
  if (count > 0) value.set(start, arenaMark() - start);
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
