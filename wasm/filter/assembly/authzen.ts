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
  skipNull,
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
import { putJsonMember, putJsonName, putJsonString, putJsonWords } from "./json-writer";
import { SERVER_MALFORMED } from "./reasons";
import { replyBody } from "./reply";
import { isPatternSent, requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { Span } from "./span";
import { putText } from "./text-writer";
import { clearUpstreamValues } from "./upstream-headers";
import { verdict } from "./verdict";

/**
 * OpenID AuthZEN Authorization API 1.0, Access Evaluation (section 6): the request posts subject, action, resource and
 * context; the reply contains `decision`.
 *
 * subject   { type: "user", id: verified sub }, or { type: "token", id: the credential, properties: { kind } } for a
 *           decision point that verifies it itself
 * action    { name: the rule's permission or the method, properties: { method } }
 * resource  { type: "uri", id: the sent part of the URI, else the service,
 *             properties: { service, host, scheme, rule } }; with a rule's pattern as id, the type is "rule"
 * context   { scopes, headers }
 */

const name = changetype<Span>(memory.data(8));

/** @param subject the verified subject, or absent to send the credential itself */
export function askAuthZen(rule: Rule | null, subject: Span): bool {
  beginQuestion();
  putText('{"subject":{');
  if (subject.isPresent) {
    putText('"type":"user"');
    putJsonMember("id", subject);
  } else {
    putText('"type":"token"');
    putJsonMember("id", token);
    putText(',"properties":{"kind":"');
    putText(credentialKind());
    putText('"}');
  }
  putText('},"action":{"name":');
  putJsonString(rule !== null && rule.permission.isPresent ? rule.permission : requestMethod);
  putText(',"properties":{');
  putJsonMember("method", requestMethod, true);
  putText('}},"resource":{"type":"');
  putText(isPatternSent(rule) ? "rule" : "uri");
  putText('","id":');
  const uri = sentUri(rule);
  putJsonString(uri.isPresent ? uri : configuration.service);
  putText(',"properties":{');
  putJsonMember("service", configuration.service, true);
  putJsonMember("host", requestAuthority);
  putJsonMember("scheme", requestScheme);
  if (rule !== null) putJsonMember("rule", rule.name);
  putText('}},"context":{');
  putJsonName("scopes", true);
  if (rule !== null) putJsonWords(rule.scopes);
  else putText("[]");
  putChosenHeaders(false);
  putText("}}");
  return sendQuestion();
}

/**
 * `decision` must be literally true; `context.headers` may contain headers for the upstream. Null members beside the
 * decision count as absent, and other members do not matter beside a denial.
 */
export function judgeAuthZen(): void {
  if (!isAnswer()) return;
  clearUpstreamValues();
  let decided = false;
  let allowed = false;
  let hasContext = false;
  let sound = true;
  beginJson(replyBody.start, replyBody.size);
  enterObject();
  while (nextMember(name)) {
    if (name.is("decision")) {
      if (decided) failJson();
      decided = true;
      allowed = readBoolean();
    } else if (name.is("context")) {
      if (!readContext() || hasContext) sound = false;
      hasContext = true;
    } else {
      skipValue();
    }
  }
  if (!jsonEnded() || !decided) verdict.fail(SERVER_MALFORMED);
  else decide(allowed, sound);
}

function readContext(): bool {
  if (peekJson() != 0x7b) return skipNull();
  let hasHeaders = false;
  let sound = true;
  enterObject();
  while (nextMember(name)) {
    if (name.is("headers")) {
      if (!readDecisionHeaders() || hasHeaders) sound = false;
      hasHeaders = true;
    } else {
      skipValue();
    }
  }
  return sound;
}
