import { arenaMark } from "./arena";
import { MAX_JSON_DEPTH } from "./limits";
import { Span } from "./span";
import { putByte, putBytes } from "./text-writer";
import { sequenceSize } from "./utf8";

/**
 * A strict pull reader of JSON (RFC 8259) for untrusted bytes. It builds no tree: the caller walks the document, takes the
 * values it knows and skips the rest. Skipped values are validated too, so a document that is not well formed as a whole
 * is rejected. The first fault is sticky: every later call fails, and so does `jsonEnded` at the end.
 *
 * Strings without escapes are spans of the source, others are decoded into the arena. Keys are compared decoded, so
 * "\u0061ctive" is "active". The caller must detect duplicate keys.
 */

let at: usize = 0;
let end: usize = 0;
let failed: bool = false;
let depth: i32 = 0;
/** Bit d: the container at depth d has not shown a member yet. */
let fresh: u64 = 0;

export const JSON_NONE: u8 = 0;

export function beginJson(start: usize, size: usize): void {
  at = start;
  end = start + size;
  failed = false;
  depth = 0;
  fresh = 0;
}

/** True if the document was well formed and ends here. */
export function jsonEnded(): bool {
  skipBlanks();
  return !failed && depth == 0 && at == end;
}

export function jsonFailed(): bool {
  return failed;
}

/** Marks the document as invalid, for a caller that found a value of the wrong kind. */
export function failJson(): void {
  failed = true;
}

/** Position of the reader, for error messages. */
export function jsonPosition(): usize {
  return at;
}

/** The next value's first byte (`{ [ " t f n -` or a digit), or JSON_NONE. */
export function peekJson(): u8 {
  skipBlanks();
  return failed || at == end ? JSON_NONE : load<u8>(at);
}

export function enterObject(): bool {
  return enter(0x7b);
}

export function enterArray(): bool {
  return enter(0x5b);
}

/** Goes to the object's next member and reads its name; false at the object's end, which it leaves. */
export function nextMember(name: Span): bool {
  if (!nextItem(0x7d)) return false;
  if (!readString(name)) return false;
  return expect(0x3a);
}

/** Goes to the array's next element; false at the array's end, which it leaves. */
export function nextElement(): bool {
  return nextItem(0x5d);
}

export function readString(into: Span): bool {
  if (peekJson() != 0x22) return fault();
  at++;
  const start = at;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == 0x22) {
      into.set(start, at - start);
      at++;
      return true;
    }
    if (byte == 0x5c) return readEscapedString(start, into);
    if (!stepOverCharacter(byte)) return false;
  }
  return fault();
}

/** The boolean; a fault and false if the value is not a boolean. */
export function readBoolean(): bool {
  const first = peekJson();
  if (first == 0x74) return literal("true");
  if (first == 0x66) literal("false");
  else fault();
  return false;
}

/** The number; a fault and 0 if the value is not a number. Rounded beyond 2^53, as usual. */
export function readNumber(): f64 {
  skipBlanks();
  let negative = false;
  if (here() == 0x2d) {
    negative = true;
    at++;
  }
  let value: f64 = 0;
  if (here() == 0x30) {
    at++;
  } else {
    if (!isDigit(here())) {
      fault();
      return 0;
    }
    for (; isDigit(here()); at++) value = value * 10 + <f64>(here() - 0x30);
  }
  if (here() == 0x2e) {
    at++;
    if (!isDigit(here())) fault();
    let scale: f64 = 0.1;
    for (; isDigit(here()); at++) {
      value += <f64>(here() - 0x30) * scale;
      scale *= 0.1;
    }
  }
  if ((here() | 0x20) == 0x65) value *= readExponent();
  if (failed) return 0;
  return negative ? -value : value;
}

/** Skips and validates one value of any kind. */
export function skipValue(): void {
  const first = peekJson();
  if (first == 0x7b) {
    enterObject();
    while (nextMember(skipped)) skipValue();
  } else if (first == 0x5b) {
    enterArray();
    while (nextElement()) skipValue();
  } else if (first == 0x22) {
    readString(skipped);
  } else if (first == 0x74 || first == 0x66) {
    readBoolean();
  } else if (first == 0x6e) {
    literal("null");
  } else {
    readNumber();
  }
}

const skipped = changetype<Span>(memory.data(8));

function fault(): bool {
  failed = true;
  return false;
}

function here(): u8 {
  return at < end ? load<u8>(at) : 0;
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function skipBlanks(): void {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
    at++;
  }
}

function expect(byte: u8): bool {
  if (peekJson() != byte) return fault();
  at++;
  return true;
}

function enter(opening: u8): bool {
  if (!expect(opening)) return false;
  if (depth == MAX_JSON_DEPTH) return fault();
  depth++;
  fresh |= (<u64>1) << depth;
  return true;
}

function nextItem(closing: u8): bool {
  const byte = peekJson();
  const bit = (<u64>1) << depth;
  if (byte == closing) {
    at++;
    depth--;
    return false;
  }
  if (fresh & bit) {
    fresh &= ~bit;
    return byte == JSON_NONE ? fault() : true;
  }
  return expect(0x2c);
}

function literal(text: string): bool {
  const letters = changetype<usize>(text);
  const count = <usize>text.length;
  for (let i: usize = 0; i < count; i++) {
    if (here() != <u8>load<u16>(letters + (i << 1))) return fault();
    at++;
  }
  return true;
}

/** Steps over one unescaped character of a string. */
function stepOverCharacter(byte: u8): bool {
  if (byte < 0x20) return fault();
  const size = sequenceSize(at, end);
  if (size == 0) return fault();
  at += size;
  return true;
}

function readEscapedString(start: usize, into: Span): bool {
  const mark = arenaMark();
  putBytes(start, at - start);
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == 0x22) {
      at++;
      into.set(mark, arenaMark() - mark);
      return true;
    }
    if (byte == 0x5c) {
      if (!readEscape()) return false;
    } else {
      const from = at;
      if (!stepOverCharacter(byte)) return false;
      putBytes(from, at - from);
    }
  }
  return fault();
}

function readEscape(): bool {
  at++;
  const kind = here();
  at++;
  switch (kind) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      putByte(kind);
      return true;
    case 0x62:
      putByte(0x08);
      return true;
    case 0x66:
      putByte(0x0c);
      return true;
    case 0x6e:
      putByte(0x0a);
      return true;
    case 0x72:
      putByte(0x0d);
      return true;
    case 0x74:
      putByte(0x09);
      return true;
    case 0x75:
      return readUnicodeEscape();
    default:
      return fault();
  }
}

/** A lone surrogate is a fault: it has no UTF-8 form, and a replacement would make different strings equal. */
function readUnicodeEscape(): bool {
  let point = readHex4();
  if (point >= 0xdc00 && point <= 0xdfff) return fault();
  if (point >= 0xd800 && point <= 0xdbff) {
    if (here() != 0x5c) return fault();
    at++;
    if (here() != 0x75) return fault();
    at++;
    const low = readHex4();
    if (low < 0xdc00 || low > 0xdfff) return fault();
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  if (failed) return false;
  if (point < 0x80) {
    putByte(<u8>point);
  } else if (point < 0x800) {
    putByte(<u8>(0xc0 | (point >> 6)));
    putByte(<u8>(0x80 | (point & 63)));
  } else if (point < 0x10000) {
    putByte(<u8>(0xe0 | (point >> 12)));
    putByte(<u8>(0x80 | ((point >> 6) & 63)));
    putByte(<u8>(0x80 | (point & 63)));
  } else {
    putByte(<u8>(0xf0 | (point >> 18)));
    putByte(<u8>(0x80 | ((point >> 12) & 63)));
    putByte(<u8>(0x80 | ((point >> 6) & 63)));
    putByte(<u8>(0x80 | (point & 63)));
  }
  return true;
}

function readHex4(): u32 {
  let value: u32 = 0;
  for (let i = 0; i < 4; i++) {
    const digit = hexValue(here());
    if (digit < 0) fault();
    value = (value << 4) | <u32>(digit & 15);
    at++;
  }
  return value;
}

/** Value of a hexadecimal digit, or -1. */
export function hexValue(byte: u8): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function readExponent(): f64 {
  at++;
  let negative = false;
  if (here() == 0x2b || here() == 0x2d) {
    negative = here() == 0x2d;
    at++;
  }
  if (!isDigit(here())) fault();
  let exponent = 0;
  // More than 400 changes nothing: the result is infinite or zero.
  for (; isDigit(here()); at++) exponent = min(400, exponent * 10 + (here() - 0x30));
  let factor: f64 = 1;
  let power: f64 = 10;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) factor *= power;
    power *= power;
  }
  return negative ? 1 / factor : factor;
}
