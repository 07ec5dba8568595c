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
  into.set(out, 0);
  if (!out) return;
  // Hardly any credential has escapes, and this happens on each request.
  if (!condense(text.start, text.end, into, true)) condense(out, decode(text, out), into, false);
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

/**
 * Writes what tells credentials apart of the bytes to where `into` starts, which may be where they are.
 * @returns false where it stopped at an escape; otherwise those are left out
 */
function condense(start: usize, end: usize, into: Span, stopsAtEscape: bool): bool {
  const isEncoded = end - start >= MIN_ENCODED_BYTES && countBase64(start, end) >= MIN_ENCODED_BYTES;
  let to = into.start;
  let partBytes: usize = 0;
  let last: u8 = DROPPED;
  for (let at = start; at < end; at++) {
    const code = load<u8>(CODES + load<u8>(at));
    if (code > PUNCTUATION) {
      store<u8>(to++, code);
    } else if (code == DOT) {
      if (isEncoded && partBytes >= MIN_ENCODED_PART_BYTES && last > PUNCTUATION) to--;
      partBytes = 0;
      continue;
    } else if (code != PUNCTUATION) {
      if (code == ESCAPE && stopsAtEscape) return false;
      continue;
    }
    last = code;
    partBytes++;
  }
  // Base64 can write the last character of what it encodes in up to sixteen ways.
  if (isEncoded && partBytes >= MIN_ENCODED_PART_BYTES && last > PUNCTUATION) to--;
  into.size = to - into.start;
  return true;
}

/** Characters of either alphabet; no more are counted than tell whether it is encoded. */
function countBase64(start: usize, end: usize): usize {
  let count: usize = 0;
  for (let at = start; at < end && count < MIN_ENCODED_BYTES; at++) {
    const code = load<u8>(CODES + load<u8>(at));
    if (code >= PUNCTUATION) count++;
  }
  return count;
}

/** What a byte is of the form: a letter or digit in lower case (bytes beyond ASCII count as letters), or one of these. */
const DROPPED: u8 = 0;
const DOT: u8 = 1;
/** Begins what is to be decoded. */
const ESCAPE: u8 = 2;
/** Of base64, but no letter. */
const PUNCTUATION: u8 = 3;
const CODES: usize = memory.data(256);
fillCodes();

function fillCodes(): void {
  for (let byte: u32 = 0; byte < 256; byte++) store<u8>(CODES + byte, codeOf(<u8>byte));
}

function codeOf(byte: u8): u8 {
  if (byte == 0x2e) return DOT;
  if (byte == 0x25 || byte == 0x5c) return ESCAPE;
  if (byte == 0x2b || byte == 0x2d || byte == 0x2f || byte == 0x5f) return PUNCTUATION;
  const lower = lowerCase(byte);
  const isLetter = byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
  return isLetter ? lower : DROPPED;
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
