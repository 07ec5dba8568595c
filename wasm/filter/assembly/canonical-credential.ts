import { arenaMark, extend } from "./arena";
import { putBase64Decoded } from "./base64";
import { hexValue } from "./json-reader";
import { Span, lowerCase } from "./span";

/**
 * One form for all the spellings that a server may read as the same credential, so that a purge finds each of them. It
 * serves purges alone: what is sent, and what tells decisions apart, are the bytes as they came.
 *
 * The form is letters and digits, in lower case. So it leaves out quotes, backslashes, white space, padding, the two
 * alphabets of base64, the dashes and braces of UUIDs, and a database that compares without case. Before that,
 * percent-encoding and the octal escapes of quoted cookies (RFC 2109, as Python reads them) are decoded, however often they
 * were applied. Two credentials that share a form are purged together, which costs a call.
 */

/** From this length on a credential is taken for base64 whose last character may have spare bits. */
const MIN_ENCODED_BYTES: usize = 40;
/** The same of one part of it, as of a JWT: parts that are shorter carry no signature. */
const MIN_ENCODED_PART_BYTES: usize = 16;

/** Writes the form of the text into the arena; nothing else may be written behind it before it was used. */
export function putCanonical(text: Span, into: Span): void {
  const out = extend(text.size);
  const end = out ? decode(text, out) : 0;
  into.set(out, out ? condense(out, end) : 0);
}

/** Decodes the text to `out`; returns its end there. */
function decode(text: Span, out: usize): usize {
  let end = out;
  for (let at = text.start; at < text.end; at++) {
    let byte = load<u8>(at);
    if (byte == 0x5c) {
      const escaped = octalAt(at + 1, text.end);
      if (escaped < 0) continue;
      byte = <u8>escaped;
      at += 3;
    }
    store<u8>(end++, byte);
    end = decodePercent(out, end);
  }
  return end;
}

/** Leaves of the bytes, in place, what tells credentials apart; returns the size of that. */
function condense(start: usize, end: usize): usize {
  let encodedBytes: usize = 0;
  for (let at = start; at < end; at++) encodedBytes += isOfBase64(load<u8>(at)) ? 1 : 0;
  const isEncoded = encodedBytes >= MIN_ENCODED_BYTES;
  let to = start;
  let partBytes: usize = 0;
  let wroteLast = false;
  for (let at = start; at <= end; at++) {
    const byte: u8 = at < end ? load<u8>(at) : 0x2e;
    if (byte == 0x2e) {
      // Base64 can write the last character of what it encodes in up to sixteen ways.
      if (isEncoded && partBytes >= MIN_ENCODED_PART_BYTES && wroteLast) to--;
      partBytes = 0;
    } else if (isOfBase64(byte)) {
      partBytes++;
      wroteLast = isLetterOrDigit(byte);
      if (wroteLast) store<u8>(to++, lowerCase(byte));
    }
  }
  return to - start;
}

/** The same of what a Basic credential (or any other base64) stands for. */
export function putCanonicalOfBase64(text: Span, into: Span): void {
  const start = arenaMark();
  putBase64Decoded(text);
  decoded.set(start, arenaMark() - start);
  putCanonical(decoded, into);
}

const decoded = changetype<Span>(memory.data(8));

/** While the text that ends at `end` ends with a percent-encoded byte: that byte in its place. */
function decodePercent(start: usize, end: usize): usize {
  while (end - start >= 3 && load<u8>(end - 3) == 0x25) {
    const high = hexValue(load<u8>(end - 2));
    const low = hexValue(load<u8>(end - 1));
    if (high < 0 || low < 0) break;
    store<u8>(end - 3, <u8>((high << 4) | low));
    end -= 2;
  }
  return end;
}

/** The byte of three octal digits at `at`, or -1. */
function octalAt(at: usize, end: usize): i32 {
  if (end - at < 3) return -1;
  const value = (digitAt(at) << 6) | (digitAt(at + 1) << 3) | digitAt(at + 2);
  return value >= 0 && value < 256 ? value : -1;
}

function digitAt(at: usize): i32 {
  const byte = load<u8>(at);
  return byte >= 0x30 && byte <= 0x37 ? byte - 0x30 : -1;
}

/** Of either alphabet. */
function isOfBase64(byte: u8): bool {
  return isLetterOrDigit(byte) || byte == 0x2b || byte == 0x2d || byte == 0x2f || byte == 0x5f;
}

/** Bytes beyond ASCII count as letters. */
function isLetterOrDigit(byte: u8): bool {
  return byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a)
    || (byte >= 0x61 && byte <= 0x7a);
}
