import { reserve, rewindArena } from "./arena";
import { addRule, Rule } from "./configuration";
import { readClaimConditions } from "./configuration-claims";
import {
  beginFields,
  complain,
  complainAbout,
  endFields,
  enter,
  isField,
  keep,
  key,
  LIST_ELEMENT,
  leave,
  need,
  openArray,
  openObject,
  readPath,
  readText,
  text,
} from "./configuration-fields";
import { enterObject, jsonFailed, nextElement, nextMember, peekJson, readString, skipValue } from "./json-reader";
import { absentText, keepBytes } from "./kept-memory";
import { MAX_RULES, MAX_SCOPES_BYTES } from "./limits";
import { Span } from "./span";
import { isVisibleAscii } from "./utf8";

/** Reads the configured rules: what matched routes require. */

export function readRules(): void {
  isReplyNeeded = false;
  if (!openArray("rules")) return;
  enter("rules");
  for (let index: u32 = 0; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    const rule = changetype<Rule>(keepBytes(offsetof<Rule>()));
    if (changetype<usize>(rule) == 0 || index == MAX_RULES) {
      complain("is too much: at most 4096 rules, within cache.maxBytes");
      return;
    }
    readRule(rule);
    leave();
  }
  leave();
}

function readRule(rule: Rule): void {
  if (!openObject()) return;
  const outer = beginFields();
  rule.name = absentText();
  rule.scopes = absentText();
  rule.permission = absentText();
  rule.uri = absentText();
  while (nextMember(key)) {
    if (isField(key, "name", 0)) rule.name = readText("name");
    else if (isField(key, "scopes", 1)) readScopes(rule);
    else if (isField(key, "permission", 2)) rule.permission = readText("permission");
    else if (isField(key, "claims", 3)) rule.claims = readClaimConditions();
    else if (isField(key, "uri", 4)) rule.uri = readPath("uri");
    else skipValue();
  }
  if (rule.isAnyScopeEnough || rule.claims !== null) isReplyNeeded = true;
  need("name", 0);
  if (!jsonFailed() && !addRule(rule)) complainAbout("name", "must be of one rule only");
  endFields(outer);
}

/** True if a rule requires what only an introspection reply can show. */
export function needsIntrospection(): bool {
  return isReplyNeeded;
}

let isReplyNeeded: bool = false;

/** A list, or `{ "anyOf": [ … ] }`. */
function readScopes(rule: Rule): void {
  if (peekJson() != 0x7b) {
    rule.scopes = readScopeList();
    return;
  }
  enterObject();
  const outer = beginFields();
  while (nextMember(key)) {
    // A requirement that is not understood must not be left out.
    if (isField(key, "anyOf", 0)) rule.scopes = readScopeList();
    else complainAbout("scopes", "must be a list or have anyOf");
  }
  endFields(outer);
  if (!jsonFailed() && rule.scopes.size == 0) complainAbout("scopes", "must not be empty: no token would pass");
  rule.isAnyScopeEnough = 1;
}

/** Scope tokens (RFC 6749, 3.3), joined by single spaces. */
function readScopeList(): Span {
  if (!openArray("scopes")) return absentText();
  const joined = reserve(MAX_SCOPES_BYTES);
  let size: usize = 0;
  while (nextElement()) {
    if (!readString(text) || !isScopeToken(text)) {
      complainAbout("scopes", "must be a list of scope tokens (RFC 6749)");
      return absentText();
    }
    if (!joined || size + 1 + text.size > MAX_SCOPES_BYTES) {
      complainAbout("scopes", "must be at most 4096 bytes together");
      return absentText();
    }
    if (size > 0) store<u8>(joined + size++, 0x20);
    memory.copy(joined + size, text.start, text.size);
    size += text.size;
  }
  if (joined) rewindArena(joined);
  if (size == 0) return absentText();
  text.set(joined, size);
  return keep("scopes");
}

function isScopeToken(scope: Span): bool {
  for (let at = scope.start; at < scope.end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22 || byte == 0x5c) return false;
  }
  return scope.size > 0 && isVisibleAscii(scope.start, scope.size);
}
