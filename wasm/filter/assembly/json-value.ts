import { jsonPosition, peekJson, readNumber, readString, skipValue } from "./json-reader";
import { Span } from "./span";

/** Reads one JSON value of any kind. Objects and lists have no unique text form and are skipped. */

export const KIND_NULL: u32 = 0;
export const KIND_TEXT: u32 = 1;
export const KIND_NUMBER: u32 = 2;
export const KIND_BOOLEAN: u32 = 3;
export const KIND_OTHER: u32 = 4;

let number: f64 = 0;

/** The number that was read last. */
export function readNumericValue(): f64 {
  return number;
}

/**
 * Reads the next value.
 * @param into its text; numbers and booleans as written; absent for null, objects and lists
 * @returns its kind
 */
export function readValue(into: Span): u32 {
  into.clear();
  const first = peekJson();
  const start = jsonPosition();
  let kind = KIND_BOOLEAN;
  if (first == 0x22) {
    readString(into);
    return KIND_TEXT;
  }
  if (first == 0x2d || (first >= 0x30 && first <= 0x39)) {
    number = readNumber();
    kind = KIND_NUMBER;
  } else {
    skipValue();
    if (first == 0x6e) return KIND_NULL;
    if (first != 0x74 && first != 0x66) return KIND_OTHER;
  }
  into.set(start, jsonPosition() - start);
  return kind;
}
