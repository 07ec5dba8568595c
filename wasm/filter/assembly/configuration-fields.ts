import { LOG_ERROR } from "./abi";
import { arenaMark } from "./arena";
import { proxy_log } from "./env";
import {
  enterArray,
  enterObject,
  failJson,
  jsonFailed,
  peekJson,
  readBoolean,
  readNumber,
  readString,
} from "./json-reader";
import { absentText, keepText } from "./kept-memory";
import { MAX_CONFIGURATION_TEXT_BYTES } from "./limits";
import { lowerCase, Span } from "./span";
import { putByte, putDecimal, putText } from "./text-writer";
import { isCleanHeaderText, isVisibleAscii } from "./utf8";

/**
 * Shared by all parts of the configuration reader: the current path, complaints, seen fields, and simple kinds of values.
 * The first complaint ends the reading; after it every function returns something harmless.
 */

/* The current path, for messages: field names, or numbers for list elements. */

const MAX_PATH: i32 = 8;
const PATH_NAMES: usize = memory.data(4 * 8);
const PATH_NUMBERS: usize = memory.data(4 * 8);
let depth: i32 = 0;
let complained: bool = false;

export function hasComplained(): bool {
  return complained;
}

/** Clears the state of an earlier reading. */
export function beginReading(): void {
  complained = false;
  depth = 0;
}

export function enter(name: string, number: i32 = 0): void {
  if (depth < MAX_PATH) {
    store<usize>(PATH_NAMES + ((<usize>depth) << 2), changetype<usize>(name));
    store<i32>(PATH_NUMBERS + ((<usize>depth) << 2), number);
  }
  depth++;
}

export function leave(): void {
  // After a fault the path stays at the fault.
  if (!complained) depth--;
}

export const LIST_ELEMENT: string = "[]";

export function complain(what: string): void {
  failJson();
  if (complained) return;
  complained = true;
  const start = arenaMark();
  putText("configuration");
  for (let i = 0; i < depth && i < MAX_PATH; i++) {
    const name = changetype<string>(load<usize>(PATH_NAMES + ((<usize>i) << 2)));
    if (changetype<usize>(name) == changetype<usize>(LIST_ELEMENT)) {
      putByte(0x5b);
      putDecimal(load<i32>(PATH_NUMBERS + ((<usize>i) << 2)));
      putByte(0x5d);
    } else {
      putText(i == 0 ? ": " : ".");
      putText(name);
    }
  }
  putByte(0x20);
  putText(what);
  proxy_log(LOG_ERROR, start, arenaMark() - start);
}

/** Complains about a field of the current object. */
export function complainAbout(name: string, what: string): void {
  enter(name);
  complain(what);
  leave();
}

/* The known fields of the current object that were seen, one bit each. */

let seen: u32 = 0;

/** Begins a nested object. Pass the result to `endFields`. */
export function beginFields(): u32 {
  const outer = seen;
  seen = 0;
  return outer;
}

export function endFields(outer: u32): void {
  seen = outer;
}

export function wasSeen(bit: u32): bool {
  return (seen & (1 << bit)) != 0;
}

export function isField(key: Span, name: string, bit: u32): bool {
  if (!key.is(name)) return false;
  if (seen & (1 << bit)) complainAbout(name, "must be given once");
  seen |= 1 << bit;
  return !complained;
}

export function need(name: string, bit: u32): void {
  if (!jsonFailed() && !(seen & (1 << bit))) complainAbout(name, "is missing");
}

/* Values. Each complains under the field's name and returns something harmless. */

export const text = changetype<Span>(memory.data(8));

/** Reads a text of at most MAX_CONFIGURATION_TEXT_BYTES into `text`. */
export function readShortText(name: string): bool {
  if (readString(text) && text.size <= MAX_CONFIGURATION_TEXT_BYTES && isCleanHeaderText(text.start, text.size)) {
    return true;
  }
  complainAbout(name, "must be a text of at most 8192 bytes without control characters");
  return false;
}

export function readText(name: string, mayBeEmpty: bool = false): Span {
  if (!readShortText(name)) return absentText();
  if (text.size == 0 && !mayBeEmpty) {
    complainAbout(name, "must not be empty");
    return absentText();
  }
  return keep(name);
}

export function keep(name: string): Span {
  const kept = keepText(text);
  if (!kept.isPresent) complainAbout(name, "does not fit into memory (raise cache.maxBytes)");
  return kept;
}

/** Reads a header name, in lower case. */
export function readHeaderName(name: string): Span {
  const kept = readText(name);
  for (let at = kept.start; at < kept.end; at++) {
    const byte = lowerCase(load<u8>(at));
    store<u8>(at, byte);
    if (!isTokenByte(byte)) {
      complainAbout(name, "must be a header name (RFC 9110 token)");
      return absentText();
    }
  }
  return kept;
}

export function isTokenByte(byte: u8): bool {
  if ((byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39)) return true;
  switch (byte) {
    case 0x21:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x27:
    case 0x2a:
    case 0x2b:
    case 0x2d:
    case 0x2e:
    case 0x5e:
    case 0x5f:
    case 0x60:
    case 0x7c:
    case 0x7e:
      return true;
    default:
      return false;
  }
}

export function readToken(name: string): Span {
  const kept = readText(name);
  for (let at = kept.start; at < kept.end; at++) {
    if (!isTokenByte(load<u8>(at))) complainAbout(name, "must be a token (RFC 9110)");
  }
  return kept;
}

export function readPath(name: string): Span {
  const kept = readText(name);
  if (kept.isPresent && (load<u8>(kept.start) != 0x2f || !isVisibleAscii(kept.start, kept.size))) {
    complainAbout(name, "must be a path that begins with / and holds visible ASCII only");
  }
  return kept;
}

export function readWhole(name: string, least: f64, most: f64, allowed: string): u64 {
  const value = isNumberNext() ? readNumber() : NaN;
  if (!(value >= least && value <= most) || value != Math.floor(value)) {
    complainAbout(name, allowed);
    return 0;
  }
  return <u64>value;
}

function isNumberNext(): bool {
  const first = peekJson();
  return first == 0x2d || (first >= 0x30 && first <= 0x39);
}

export function readFlag(name: string): u32 {
  const value = readBoolean();
  if (jsonFailed()) complainAbout(name, "must be true or false");
  return value ? 1 : 0;
}

export function openObject(): bool {
  if (enterObject()) return true;
  complain("must be an object");
  return false;
}

export function openArray(name: string): bool {
  if (enterArray()) return true;
  complainAbout(name, "must be a list");
  return false;
}

export const key = changetype<Span>(memory.data(8));

export function lowerAll(name: Span): void {
  for (let at = name.start; at < name.end; at++) store<u8>(at, lowerCase(load<u8>(at)));
}
