import { hexValue } from "./json-reader";
import { lowerCase, Span } from "./span";

/**
 * Some servers find a cookie although RFC 6265 defines no such name: ASP.NET ignores case, PHP reads blanks, dots and
 * brackets in a name as underscores and `name[x]` as a part of `name`, some decode percent-encoding, Python's
 * `http.cookies` and older Rack also end a cookie at a blank or comma, Django strips the blanks of Unicode from a name, and
 * older Werkzeug skips `=` before one. A credential only they see has not been verified.
 */

/** True if some server finds a cookie of this name in the text of one cookie, which does not start with the exact name. */
export function hidesCookie(start: usize, end: usize, wanted: Span): bool {
  let mayBegin = true;
  let isBeginning = true;
  for (let at = start; at < end; at++) {
    if (mayBegin && namesCookie(at, end, wanted)) return true;
    let byte = load<u8>(at);
    if (isBeginning && isEncoded(at, end, 0x20)) {
      byte = 0x20;
      at += 2;
    }
    const isOutside = isOutsideNames(byte);
    isBeginning = isBeginning && (isOutside || byte == 0x3d || byte == 0x2b);
    mayBegin = isOutside || isBeginning || byte == 0x2c || byte == 0x22;
  }
  return false;
}

/** True if the byte is at `at`, percent-encoded. */
function isEncoded(at: usize, end: usize, byte: i32): bool {
  if (end - at < 3 || load<u8>(at) != 0x25) return false;
  return ((hexValue(load<u8>(at + 1)) << 4) | hexValue(load<u8>(at + 2))) == byte;
}

/** Blanks, those of Unicode among them. */
function isOutsideNames(byte: u8): bool {
  return byte < 0x21 || byte > 0x7e;
}

/** True if the name in any spelling begins at `at`, followed by `=` or `[`, or by the NUL that ends it for older PHP. */
function namesCookie(at: usize, end: usize, wanted: Span): bool {
  for (let expected = wanted.start; expected < wanted.end; expected++) {
    if (at >= end) return false;
    let byte = load<u8>(at);
    if (byte == 0x25 && end - at >= 3) {
      const high = hexValue(load<u8>(at + 1));
      const low = hexValue(load<u8>(at + 2));
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low);
        at += 2;
      }
    }
    at++;
    if (folded(byte) != folded(load<u8>(expected))) return false;
  }
  if ((at < end && load<u8>(at) == 0x5b) || isEncoded(at, end, 0)) return true;
  while (at < end && (isOutsideNames(load<u8>(at)) || load<u8>(at) == 0x22)) at++;
  return at < end && load<u8>(at) == 0x3d;
}

/** Maps all bytes that some server treats as equal in a name to one byte. */
function folded(byte: u8): u8 {
  return byte == 0x20 || byte == 0x2e || byte == 0x5b || byte == 0x2b ? 0x5f : lowerCase(byte);
}
