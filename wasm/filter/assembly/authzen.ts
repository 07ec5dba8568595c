import { decide, isAnswer, readDecisionHeaders, skipNull } from "./decision-point";
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
import { SERVER_MALFORMED } from "./reasons";
import { replyBody } from "./reply";
import { Span } from "./span";
import { clearUpstreamValues } from "./upstream-headers";
import { verdict } from "./verdict";

const name = changetype<Span>(memory.data(8));

/**
 * Judges the reply to an access evaluation (OpenID AuthZEN Authorization API 1.0, section 6). `decision` must be literally true; `context.headers` may contain headers for the upstream. Null members beside the
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
