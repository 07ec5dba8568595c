import { Endpoint, Expectation, ExpectedValue } from "./configuration";
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
  readText,
} from "./configuration-fields";
import { jsonFailed, nextElement, nextMember, skipValue } from "./json-reader";
import { keepBytes } from "./kept-memory";
import { MAX_EXPECTATIONS, MAX_EXPECTED_VALUES } from "./limits";

/** Reads what an introspection reply must say: `[{ "claim": "aud", "anyOf": ["orders-api"] }]`. */
export function readExpectations(endpoint: Endpoint): void {
  if (!openArray("expect")) return;
  enter("expect");
  let last: Expectation | null = null;
  for (let index: u32 = 0; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    if (index == MAX_EXPECTATIONS) complain("is too much: at most 8 claims");
    const expectation = readExpectation();
    if (expectation === null) return;
    if (last === null) endpoint.expectations = expectation;
    else last.next = expectation;
    last = expectation;
    leave();
  }
  leave();
}

function readExpectation(): Expectation | null {
  const expectation = changetype<Expectation | null>(keepBytes(offsetof<Expectation>()));
  if (expectation === null) complain("does not fit into memory (raise cache.maxBytes)");
  if (expectation === null || !openObject()) return null;
  const outer = beginFields();
  while (nextMember(key)) {
    if (isField(key, "claim", 0)) expectation.claim = readText("claim");
    else if (isField(key, "anyOf", 1)) expectation.values = readValues();
    else skipValue();
  }
  need("claim", 0);
  need("anyOf", 1);
  if (!jsonFailed() && expectation.values === null) complainAbout("anyOf", "must not be empty: no token would pass");
  endFields(outer);
  return jsonFailed() ? null : expectation;
}

function readValues(): ExpectedValue | null {
  if (!openArray("anyOf")) return null;
  let first: ExpectedValue | null = null;
  for (let count: u32 = 0; nextElement(); count++) {
    if (count == MAX_EXPECTED_VALUES) complainAbout("anyOf", "must hold at most 500 texts");
    const text = readText("anyOf");
    const value = changetype<ExpectedValue | null>(keepBytes(offsetof<ExpectedValue>()));
    if (value === null) complainAbout("anyOf", "does not fit into memory (raise cache.maxBytes)");
    if (value === null || jsonFailed()) return null;
    value.text = text;
    value.next = first;
    first = value;
  }
  return first;
}
