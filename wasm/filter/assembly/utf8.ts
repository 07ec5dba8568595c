/** UTF-8 as defined in RFC 3629, for untrusted bytes. */

/** Size of the well-formed sequence at `at`, or 0 (overlong, surrogate, beyond U+10FFFF, truncated). */
export function sequenceSize(at: usize, end: usize): usize {
  const first = load<u8>(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size: usize = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size > end - at) return 0;
  const second = load<u8>(at + 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  for (let i: usize = 1; i < size; i++) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

/**
 * True if a header may contain the bytes: well-formed UTF-8 without control characters and without U+FFFD.
 * Decoders replace unreadable bytes with U+FFFD: two different values may both have become it, and hashing it would make
 * them equal.
 */
export function isCleanHeaderText(start: usize, size: usize): bool {
  const end = start + size;
  let at = start;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte >= 0x80) {
      const sequence = sequenceSize(at, end);
      if (sequence == 0) return false;
      if (byte == 0xef && load<u8>(at + 1) == 0xbf && load<u8>(at + 2) == 0xbd) return false;
      at += sequence;
    } else {
      if ((byte < 0x20 && byte != 0x09) || byte == 0x7f) return false;
      at++;
    }
  }
  return true;
}

/** True if every byte is a visible ASCII character (0x21-0x7e). */
export function isVisibleAscii(start: usize, size: usize): bool {
  for (let at = start; at < start + size; at++) {
    const byte = load<u8>(at);
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return true;
}
