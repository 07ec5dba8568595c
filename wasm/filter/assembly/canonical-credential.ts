import { arenaMark, extend } from "./arena";
import { base64Value, putBase64Decoded } from "./base64";
import { hexValue } from "./json-reader";
import { indexOfByte, lowerCase, Span } from "./span";

/**
 * One canonical form for all spellings that a server may read as the same credential, so that a purge finds all of them.
 * Only purges use it: calls and cache keys use the bytes as received.
 *
 * The form consists of ASCII letters and digits in lower case. So it ignores quotes, backslashes, white space, padding, the
 * two alphabets of base64, dashes and braces in UUIDs, case (some databases ignore it), and whether a server reads UTF-8 or
 * Latin-1. A comma ends it, as it ends a cookie (ASP.NET, RFC 2109) and a list element. First, percent-encoding, `%u0061`
 * (ASP.NET) and octal escapes of quoted cookies (RFC 2109, as Python reads them) are decoded, even if applied repeatedly.
 * Two credentials with the same form are purged together, which costs a call.
 */

/** From this length on, a credential is treated as base64 whose last character may have spare bits. */
const MIN_ENCODED_BYTES: usize = 40;
/** The same for one part of it, as in a JWT: shorter parts contain no signature. */
const MIN_ENCODED_PART_BYTES: usize = 16;
/** Between this length and MIN_ENCODED_BYTES, a purge tries all spellings of the last character. */
const MIN_SHORT_BASE64_BYTES: usize = 8;

/** Writes the text's form into the arena. Nothing else may be appended before the form is used. */
export function putCanonical(text: Span, into: Span): void {
  first.set(text.start, endOfFirst(text) - text.start);
  putForm(first, into);
}

const first = changetype<Span>(memory.data(8));

function putForm(text: Span, into: Span): void {
  const out = extend(text.size);
  into.set(out, 0);
  if (!out) return;
  // This runs for each request, and hardly any credential has escapes.
  if (!condense(text.start, text.end, into, true)) condense(out, decode(text, out), into, false);
}

/** The first comma that is not at the beginning, or the end. */
function endOfFirst(text: Span): usize {
  let at = text.start;
  while (at < text.end && load<u8>(at) == 0x2c) at++;
  return indexOfByte(at, text.end, 0x2c);
}

/** Decodes the text to `out`; returns the end of the decoded text. */
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
    end = decodeEscape(out, end);
  }
  return end;
}

/**
 * Writes the form of the bytes to the start of `into`, which may be the same address.
 * @returns false if it stopped at an escape; without `stopsAtEscape`, escapes are skipped
 */
function condense(start: usize, end: usize, into: Span, stopsAtEscape: bool): bool {
  const isEncoded = end - start >= MIN_ENCODED_BYTES && countBase64(start, end) >= MIN_ENCODED_BYTES;
  let to = into.start;
  let partBytes: usize = 0;
  let last: u8 = DROPPED;
  let isPadded = false;
  for (let at = start; at < end; at++) {
    const code = load<u8>(CODES + load<u8>(at));
    if (code == DOT) {
      if (isEncoded && hasSpareBits(partBytes, last)) to--;
      partBytes = 0;
      isPadded = false;
      continue;
    }
    if (code == ESCAPE && stopsAtEscape) return false;
    // Many decoders (Python's, Node's) ignore everything after the padding.
    if (code == PADDING && isEncoded && partBytes >= MIN_ENCODED_PART_BYTES) isPadded = true;
    if (code < PUNCTUATION || isPadded) continue;
    if (code > PUNCTUATION) store<u8>(to++, code);
    last = code;
    partBytes++;
  }
  if (isEncoded && hasSpareBits(partBytes, last)) to--;
  into.size = to - into.start;
  return true;
}

/**
 * True if base64 has several spellings (up to sixteen) of the last character of a part with this length, or if a lenient
 * decoder ignores that character as surplus. (If it was punctuation, the form does not contain it.)
 */
function hasSpareBits(partBytes: usize, last: u8): bool {
  return partBytes >= MIN_ENCODED_PART_BYTES && (partBytes & 3) != 0 && last > PUNCTUATION;
}

/**
 * Decodes the text into the arena and cuts it after its last base64 character. For base64 too short for the form to drop a
 * character with spare bits: otherwise names that differ in their last letter would be one credential.
 * @returns the number of spellings of the last character, a power of two; 1 if there is nothing to try
 */
export function putShortBase64(text: Span, into: Span): u32 {
  const out = extend(text.size);
  into.set(out, 0);
  if (!out) return 1;
  let end = decode(text, out);
  while (end > out && base64Value(load<u8>(end - 1)) < 0) end--;
  into.size = end - out;
  const count = countBase64(out, end);
  if (count < MIN_SHORT_BASE64_BYTES || count >= MIN_ENCODED_BYTES) return 1;
  return (count & 3) == 2 ? 16 : (count & 3) == 3 ? 4 : 1;
}

/** Counts characters of either alphabet, at most MIN_ENCODED_BYTES. */
function countBase64(start: usize, end: usize): usize {
  let count: usize = 0;
  for (let at = start; at < end && count < MIN_ENCODED_BYTES; at++) {
    const code = load<u8>(CODES + load<u8>(at));
    if (code >= PUNCTUATION) count++;
  }
  return count;
}

/** The code of a byte: a letter or digit in lower case, or one of these. */
const DROPPED: u8 = 0;
const DOT: u8 = 1;
/** Begins an escape sequence. */
const ESCAPE: u8 = 2;
const PADDING: u8 = 3;
/** A base64 character that is not a letter or digit. Smaller codes are not base64. */
const PUNCTUATION: u8 = 4;
const CODES: usize = memory.data(256);
fillCodes();

function fillCodes(): void {
  for (let byte: u32 = 0; byte < 256; byte++) store<u8>(CODES + byte, codeOf(<u8>byte));
}

function codeOf(byte: u8): u8 {
  if (byte == 0x2e) return DOT;
  if (byte == 0x25 || byte == 0x5c) return ESCAPE;
  if (byte == 0x3d) return PADDING;
  if (byte == 0x2b || byte == 0x2d || byte == 0x2f || byte == 0x5f) return PUNCTUATION;
  const lower = lowerCase(byte);
  const isLetter = (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
  return isLetter ? lower : DROPPED;
}

/** The same for the decoded text of a Basic credential (or any other base64). */
export function putCanonicalOfBase64(text: Span, into: Span): void {
  const start = arenaMark();
  putBase64Decoded(text);
  decoded.set(start, arenaMark() - start);
  putForm(decoded, into);
}

const decoded = changetype<Span>(memory.data(8));

/** Decodes percent-encoded bytes at the end of the text, repeatedly. Returns the new end. */
function decodeEscape(start: usize, end: usize): usize {
  for (let size = sizeOfEscape(start, end); size; size = sizeOfEscape(start, end)) {
    const high = hexValue(load<u8>(end - 2));
    const low = hexValue(load<u8>(end - 1));
    end -= size - 1;
    store<u8>(end - 1, <u8>((high << 4) | low));
  }
  return end;
}

/** Size of the escape at the end, or 0. */
function sizeOfEscape(start: usize, end: usize): usize {
  return endsWithEscape(start, end, 3) ? 3 : endsWithEscape(start, end, 6) ? 6 : 0;
}

/** True if it ends with `%61` (3 bytes) or `%u0061` (6 bytes). Characters beyond Latin-1 are not part of the form. */
function endsWithEscape(start: usize, end: usize, size: usize): bool {
  if (end - start < size || load<u8>(end - size) != 0x25) return false;
  if (size == 6 && (lowerCase(load<u8>(end - 5)) != 0x75 || load<u16>(end - 4) != 0x3030)) return false;
  return hexValue(load<u8>(end - 2)) >= 0 && hexValue(load<u8>(end - 1)) >= 0;
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
