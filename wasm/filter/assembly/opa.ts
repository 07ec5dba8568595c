import { arenaMark, reserve } from "./arena";
import { isCarriedUnchanged } from "./carried-text";
import { lowerAll } from "./configuration-fields";
import { decide, isAnswer, readDecisionHeaders, skipNull } from "./decision-point";
import { addHeaderNamed, addHeaderText } from "./header-map";
import {
  beginJson,
  enterArray,
  enterObject,
  failJson,
  jsonEnded,
  jsonFailed,
  jsonPosition,
  nextElement,
  nextMember,
  peekJson,
  readBoolean,
  readNumber,
  readString,
  skipValue,
} from "./json-reader";
import { MAX_REMOVED_HEADERS, MAX_TOLD_HEADERS } from "./limits";
import { DENIED, SERVER_MALFORMED, statusOf } from "./reasons";
import {
  addChallenges,
  beginRefusal,
  endRefusalHeaders,
  isPassedOn,
  noScopes,
  putReasonBody,
  takeRefusal,
} from "./refusal";
import { replyBody } from "./reply";
import { SPAN_BYTES, Span } from "./span";
import { putSpan, takeWritten } from "./text-writer";
import { clearUpstreamValues, composeUpstreamPayload, putRemovedHeader } from "./upstream-headers";
import { verdict } from "./verdict";

/**
 * The reply of Open Policy Agent's data API. The result is true or false, or an object: `allow`, or `allowed` as policies for
 * Envoy have it, and
 *
 * - beside an allow `headers` for the upstream, of which only configured ones are used, and `request_headers_to_remove`;
 * - beside a denial `headers`, `http_status` and `body` for the client.
 *
 * An undefined result denies, as OPA advises.
 */

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));
const result = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

/** Null members beside the decision count as absent, and other members do not matter beside a denial. */
export function judgeOpa(): void {
  if (!isAnswer()) return;
  clearUpstreamValues();
  let hasResult = false;
  let allowed = false;
  result.clear();
  beginJson(replyBody.start, replyBody.size);
  enterObject();
  while (nextMember(name)) {
    if (!name.is("result")) {
      skipValue();
      continue;
    }
    if (hasResult) failJson();
    hasResult = true;
    if (peekJson() == 0x7b) noteValue(result);
    else allowed = readBoolean();
  }
  if (!jsonEnded()) verdict.fail(SERVER_MALFORMED);
  else if (result.isPresent) judgeResult();
  else decide(allowed, true);
}

/** Skips a value and sets `into` to its text; absent for null. */
function noteValue(into: Span): void {
  peekJson();
  const start = jsonPosition();
  into.clear();
  if (!skipNull()) into.set(start, jsonPosition() - start);
}

/* What the result has besides the decision: absent if it has none. */
const headers = changetype<Span>(memory.data(8));
const removed = changetype<Span>(memory.data(8));
/** The host reads these headers, for the client (`clientHeaders`); here they only may not be there twice. */
const added = changetype<Span>(memory.data(8));
const body = changetype<Span>(memory.data(8));
const status = changetype<Span>(memory.data(8));
/** Asks for something that is not done here. */
let hasUnknown: bool = false;

function judgeResult(): void {
  let hasAllow = false;
  let allowed = false;
  let isUnique = true;
  headers.clear();
  removed.clear();
  added.clear();
  body.clear();
  status.clear();
  hasUnknown = false;
  beginJson(result.start, result.size);
  enterObject();
  while (nextMember(name)) {
    if (name.is("allow") || name.is("allowed")) {
      if (hasAllow) failJson();
      hasAllow = true;
      allowed = readBoolean();
      continue;
    }
    const member = memberNamed();
    if (member === null) {
      const isQuery = name.startsWith("query_parameters_");
      if (!skipNull() && isQuery) hasUnknown = true;
      continue;
    }
    if (member.isPresent) isUnique = false;
    noteValue(member);
  }
  if (jsonFailed()) verdict.fail(SERVER_MALFORMED);
  else if (allowed) allow(isUnique);
  else if (headers.isPresent || body.isPresent || status.isPresent) refuseAsTold();
  else decide(false, true);
}

function memberNamed(): Span | null {
  if (name.is("headers")) return headers;
  if (name.is("http_status")) return status;
  if (name.is("body")) return body;
  if (name.is("response_headers_to_add")) return added;
  return name.is("request_headers_to_remove") ? removed : null;
}

/* An allow. */

function allow(isUnique: bool): void {
  let sound = isUnique && !hasUnknown;
  if (headers.isPresent) {
    beginJson(headers.start, headers.size);
    if (peekJson() != 0x5b) {
      if (!readDecisionHeaders()) sound = false;
    } else {
      enterArray();
      while (nextElement()) if (!readDecisionHeaders()) sound = false;
    }
  }
  const start = arenaMark();
  composeUpstreamPayload(payload);
  if (!sound || !putRemovedHeaders()) {
    verdict.fail(SERVER_MALFORMED);
    return;
  }
  takeWritten(start, payload);
  verdict.allow(payload);
}

/** False if what is to be removed is not a list of names of headers: something would reach the upstream that must not. */
function putRemovedHeaders(): bool {
  if (!removed.isPresent) return true;
  beginJson(removed.start, removed.size);
  enterArray();
  for (let count: u32 = 0; nextElement(); count++) {
    const mark = arenaMark();
    if (count == MAX_REMOVED_HEADERS || !readString(name) || !putRemovedHeader(name, mark)) return false;
  }
  return !jsonFailed();
}

/* A denial. */

/** Pairs of spans, name and value. */
let told: usize = 0;
let toldCount: u32 = 0;

/** Gives the client what the policy says, as far as forward-auth would pass it on. What cannot be used is left out. */
function refuseAsTold(): void {
  toldCount = 0;
  told = reserve(2 * SPAN_BYTES * <usize>MAX_TOLD_HEADERS);
  if (told && headers.isPresent) readToldHeaders();
  const code = toldStatus();
  const page = changetype<Span>(reserve(SPAN_BYTES));
  if (!changetype<usize>(page) || !told) return verdict.fail(SERVER_MALFORMED);
  page.clear();
  if (body.isPresent) {
    beginJson(body.start, body.size);
    if (peekJson() == 0x22) readString(page);
  }
  beginRefusal();
  let challenged = false;
  let hasType = false;
  for (let index: u32 = 0; index < toldCount; index++) {
    const toldName = toldAt(index);
    if (toldName.is("content-type")) {
      if (!page.isPresent || hasType) continue;
      hasType = true;
    }
    addHeaderNamed(toldName, changetype<Span>(changetype<usize>(toldName) + SPAN_BYTES));
    if (toldName.is("www-authenticate")) challenged = true;
    if (toldName.is("set-cookie")) verdict.isPersonal = 1;
  }
  if (code == 401 && !challenged) addChallenges(DENIED, noScopes());
  if (!hasType) addHeaderText("content-type", page.isPresent ? "text/plain" : "application/json");
  endRefusalHeaders();
  if (page.isPresent) putSpan(page);
  else putReasonBody(DENIED);
  takeRefusal(payload);
  verdict.refuse(code, DENIED, payload, code == 401 || code == 403);
}

function toldAt(index: u32): Span {
  return changetype<Span>(told + 2 * SPAN_BYTES * <usize>index);
}

/** A status that is none of a refusal would make a denial look like an answer of the upstream. */
function toldStatus(): u32 {
  if (status.isPresent) {
    beginJson(status.start, status.size);
    const code = readNumber();
    if (!jsonFailed() && code >= 300 && code <= 599 && code == Math.floor(code)) return <u32>code;
  }
  return statusOf(DENIED);
}

function readToldHeaders(): void {
  beginJson(headers.start, headers.size);
  if (peekJson() != 0x5b) {
    readToldObject();
    return;
  }
  enterArray();
  while (nextElement()) readToldObject();
}

function readToldObject(): void {
  if (peekJson() != 0x7b) {
    skipValue();
    return;
  }
  enterObject();
  while (nextMember(name)) {
    lowerAll(name);
    if (peekJson() != 0x5b) {
      takeTold();
      continue;
    }
    enterArray();
    while (nextElement()) takeTold();
  }
}

function takeTold(): void {
  if (peekJson() != 0x22) {
    skipValue();
    return;
  }
  if (!readString(value) || toldCount == MAX_TOLD_HEADERS || !isPassedOn(name) || !isCarriedUnchanged(value)) return;
  const entry = toldAt(toldCount++);
  entry.copy(name);
  changetype<Span>(changetype<usize>(entry) + SPAN_BYTES).copy(value);
}
