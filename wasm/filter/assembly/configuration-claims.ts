import { addUpstreamHeader, ClaimCondition, ClaimName, ClaimValue } from "./configuration";
import {
  beginFields,
  complain,
  complainAbout,
  endFields,
  enter,
  isField,
  key,
  LIST_ELEMENT,
  leave,
  need,
  openArray,
  openObject,
  readHeaderName,
  readText,
  wasSeen,
} from "./configuration-fields";
import { jsonFailed, nextElement, nextMember, skipValue } from "./json-reader";
import { KIND_NULL, KIND_OTHER, KIND_TEXT, readValue } from "./json-value";
import { absentText, keepBytes, keepText } from "./kept-memory";
import { MAX_CLAIM_CONDITIONS, MAX_CLAIM_PATH_DEPTH, MAX_CLAIM_VALUES, MAX_CONFIGURATION_TEXT_BYTES } from "./limits";
import { Span } from "./span";

/**
 * Reads the claims that rules require, `[{ "path": ["app", "roles"], "includes": "staff" }, { "path": ["level"],
 * "oneOf": [3, 4] }]`, and those for the upstream, `[{ "path": ["sub"], "header": "x-user" }]`.
 */

// Short, because literals take room from the arena. The gateway's own checks explain more, and come first.
const NO_MEMORY = "does not fit into memory (raise cache.maxBytes)";
const TOO_MUCH = "is too much";
const FIELDS = "must have path and either oneOf or includes";

export function readClaimConditions(): ClaimCondition | null {
  if (!openArray("claims")) return null;
  enter("claims");
  let first: ClaimCondition | null = null;
  for (let index: u32 = 0; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    if (index == MAX_CLAIM_CONDITIONS) complain(TOO_MUCH);
    const condition = readCondition();
    if (condition === null) return null;
    condition.next = first;
    first = condition;
    leave();
  }
  leave();
  return first;
}

function readCondition(): ClaimCondition | null {
  const condition = changetype<ClaimCondition | null>(keepBytes(offsetof<ClaimCondition>()));
  if (condition === null) complain(NO_MEMORY);
  if (condition === null || !openObject()) return null;
  const outer = beginFields();
  let path: ClaimName | null = null;
  while (nextMember(key)) {
    if (isField(key, "path", 0)) path = readPath();
    else if (isField(key, "oneOf", 1)) condition.values = readValues();
    else if (isField(key, "includes", 2)) condition.values = readClaimValue("includes");
    // A condition that is not understood must not be met.
    else complain(FIELDS);
  }
  need("path", 0);
  if (!jsonFailed() && wasSeen(1) == wasSeen(2)) complain(FIELDS);
  condition.isIncluded = wasSeen(2) ? 1 : 0;
  endFields(outer);
  if (path === null || jsonFailed()) return null;
  condition.path = path;
  return condition;
}

function readPath(): ClaimName | null {
  if (!openArray("path")) return null;
  let first: ClaimName | null = null;
  let last: ClaimName | null = null;
  for (let depth: u32 = 0; nextElement(); depth++) {
    if (depth == MAX_CLAIM_PATH_DEPTH) complainAbout("path", TOO_MUCH);
    const text = readText("path");
    const name = changetype<ClaimName | null>(keepBytes(offsetof<ClaimName>()));
    if (name === null) complainAbout("path", NO_MEMORY);
    if (name === null || jsonFailed()) return null;
    name.text = text;
    if (last === null) first = name;
    else last.next = name;
    last = name;
  }
  if (first === null) complainAbout("path", "must not be empty");
  return first;
}

function readValues(): ClaimValue | null {
  if (!openArray("oneOf")) return null;
  let first: ClaimValue | null = null;
  for (let count: u32 = 0; nextElement(); count++) {
    if (count == MAX_CLAIM_VALUES) complainAbout("oneOf", TOO_MUCH);
    const value = readClaimValue("oneOf");
    if (value === null) return null;
    value.next = first;
    first = value;
  }
  if (first === null) complainAbout("oneOf", "must not be empty: no token would pass");
  return first;
}

const text = changetype<Span>(memory.data(8));

function readClaimValue(field: string): ClaimValue | null {
  const kind = readValue(text);
  if (kind == KIND_NULL || kind == KIND_OTHER || text.size > MAX_CONFIGURATION_TEXT_BYTES) {
    complainAbout(field, "must be text, number or boolean");
  } else if (kind == KIND_TEXT && text.size == 0) {
    complainAbout(field, "must not be empty");
  }
  const value = changetype<ClaimValue | null>(keepBytes(offsetof<ClaimValue>()));
  if (value === null || jsonFailed()) return null;
  value.kind = kind;
  value.text = keepText(text);
  if (value.text.isPresent) return value;
  complainAbout(field, NO_MEMORY);
  return null;
}

export function readUpstreamClaims(): void {
  if (!openArray("upstreamClaims")) return;
  enter("upstreamClaims");
  for (let index: u32 = 0; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    readUpstreamClaim();
    leave();
  }
  leave();
}

function readUpstreamClaim(): void {
  if (!openObject()) return;
  const outer = beginFields();
  let path: ClaimName | null = null;
  let header = absentText();
  while (nextMember(key)) {
    if (isField(key, "path", 0)) path = readPath();
    else if (isField(key, "header", 1)) header = readHeaderName("header");
    else skipValue();
  }
  need("path", 0);
  need("header", 1);
  endFields(outer);
  if (!jsonFailed() && !addUpstreamHeader(header, path)) complain(TOO_MUCH);
}
