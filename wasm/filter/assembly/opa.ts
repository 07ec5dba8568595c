import { configuration, Rule } from "./configuration";
import { token } from "./credentials";
import {
  beginQuestion,
  credentialKind,
  decide,
  isAnswer,
  putChosenHeaders,
  readDecisionHeaders,
  sendQuestion,
} from "./decision-point";
import {
  beginJson,
  enterObject,
  failJson,
  jsonEnded,
  nextMember,
  peekJson,
  readBoolean,
  skipValue,
} from "./json-reader";
import { putJsonMember, putJsonName, putJsonWords } from "./json-writer";
import { SERVER_MALFORMED } from "./reasons";
import { replyBody } from "./reply";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { Span } from "./span";
import { putText } from "./text-writer";
import { clearUpstreamValues } from "./upstream-headers";
import { verdict } from "./verdict";

/**
 * Open Policy Agent's data API: POST /v1/data/… with { input: { service, rule, method, host, scheme, uri, headers,
 * scopes, permission, and either subject (verified) or token and credential (its kind) } }.
 * The result is true or false, or { allow: boolean, headers: { … } }. An undefined result denies, as OPA advises.
 */

const name = changetype<Span>(memory.data(8));

/** @param subject the verified subject, or absent to send the credential itself */
export function askOpa(rule: Rule | null, subject: Span): bool {
  beginQuestion();
  putText('{"input":{');
  putJsonMember("service", configuration.service, true);
  if (rule !== null) putJsonMember("rule", rule.name);
  putJsonMember("method", requestMethod);
  putJsonMember("host", requestAuthority);
  putJsonMember("scheme", requestScheme);
  const uri = sentUri(rule);
  if (uri.isPresent) putJsonMember("uri", uri);
  putChosenHeaders(false);
  putJsonName("scopes");
  if (rule !== null) putJsonWords(rule.scopes);
  else putText("[]");
  if (rule !== null && rule.permission.isPresent) putJsonMember("permission", rule.permission);
  if (subject.isPresent) {
    putJsonMember("subject", subject);
  } else {
    putJsonMember("token", token);
    putText(',"credential":"');
    putText(credentialKind());
    putText('"');
  }
  putText("}}");
  return sendQuestion();
}

/** Null members beside the decision count as absent, and other members do not matter beside a denial. */
export function judgeOpa(): void {
  if (!isAnswer()) return;
  clearUpstreamValues();
  let hasResult = false;
  allowed = false;
  sound = true;
  beginJson(replyBody.start, replyBody.size);
  enterObject();
  while (nextMember(name)) {
    if (!name.is("result")) {
      skipValue();
      continue;
    }
    if (hasResult) failJson();
    hasResult = true;
    if (peekJson() == 0x7b) readResult();
    else allowed = readBoolean();
  }
  if (!jsonEnded()) verdict.fail(SERVER_MALFORMED);
  else decide(allowed, sound);
}

let allowed: bool = false;
let sound: bool = true;

function readResult(): void {
  let hasAllow = false;
  let hasHeaders = false;
  enterObject();
  while (nextMember(name)) {
    if (name.is("allow")) {
      if (hasAllow) failJson();
      hasAllow = true;
      allowed = readBoolean();
    } else if (name.is("headers")) {
      if (!readDecisionHeaders() || hasHeaders) sound = false;
      hasHeaders = true;
    } else {
      skipValue();
    }
  }
}
