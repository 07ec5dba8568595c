import { Span } from "./span";
import { isCleanHeaderText, sequenceSize } from "./utf8";

/**
 * Checks which texts arrive unchanged in a header. Other texts must not be sent: if a name loses its blanks or is cut at a
 * control character, it becomes another name, and the upstream would take the client for someone else.
 *
 * Text beyond ASCII is sent as UTF-8, so different names have different bytes. A reader that expects Latin-1 sees other
 * letters, but never an ASCII name.
 */

/**
 * True if the upstream must read exactly this text: well-formed UTF-8 without U+FFFD, control characters (including tabs
 * and C1) and line separators, and without white space at its ends, as `trim` of any common language defines it.
 */
export function isCarriedUnchanged(text: Span): bool {
  if (!isCleanHeaderText(text.start, text.size)) return false;
  let last: u32 = 0;
  for (let at = text.start; at < text.end; at += sequenceSize(at, text.end)) {
    last = codePointAt(at);
    if (last == 0x09 || (last >= 0x80 && last < 0xa0) || last == 0x2028 || last == 0x2029) return false;
    if (at == text.start && isWhiteSpace(last)) return false;
  }
  return !isWhiteSpace(last);
}

/** The code point of a well-formed sequence. */
function codePointAt(at: usize): u32 {
  const first: u32 = load<u8>(at);
  if (first < 0x80) return first;
  if (first < 0xe0) return ((first & 0x1f) << 6) | continuation(at + 1);
  if (first < 0xf0) return ((first & 0x0f) << 12) | (continuation(at + 1) << 6) | continuation(at + 2);
  return ((first & 0x07) << 18) | (continuation(at + 1) << 12) | (continuation(at + 2) << 6) | continuation(at + 3);
}

function continuation(at: usize): u32 {
  return load<u8>(at) & 0x3f;
}

/** Unicode's White_Space except controls and line separators, plus the byte order mark, which JavaScript trims too. */
function isWhiteSpace(point: u32): bool {
  if (point >= 0x2000 && point <= 0x200a) return true;
  switch (point) {
    case 0x20:
    case 0xa0:
    case 0x1680:
    case 0x202f:
    case 0x205f:
    case 0x3000:
    case 0xfeff:
      return true;
    default:
      return false;
  }
}
