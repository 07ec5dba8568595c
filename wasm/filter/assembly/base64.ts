import { Span } from "./span";
import { putByte } from "./text-writer";

/** Appends standard base64 with padding (RFC 4648, 4), for Basic authentication. */
export function putBase64(start: usize, size: usize): void {
  const end = start + size;
  for (let at = start; at < end; at += 3) {
    const left = end - at;
    const first = load<u8>(at);
    const second: u32 = left > 1 ? load<u8>(at + 1) : 0;
    const third: u32 = left > 2 ? load<u8>(at + 2) : 0;
    const bits = ((<u32>first) << 16) | (second << 8) | third;
    putByte(base64Letter(bits >> 18));
    putByte(base64Letter((bits >> 12) & 63));
    putByte(left > 1 ? base64Letter((bits >> 6) & 63) : 0x3d);
    putByte(left > 2 ? base64Letter(bits & 63) : 0x3d);
  }
}

/** Appends decoded base64url (RFC 4648, 5; unpadded, as in a JWT). False if the text is not base64url. */
export function putBase64UrlDecoded(start: usize, size: usize): bool {
  if ((size & 3) == 1) return false;
  let bits: u32 = 0;
  let have: u32 = 0;
  for (let at = start; at < start + size; at++) {
    const value = urlValue(load<u8>(at));
    if (value < 0) return false;
    bits = (bits << 6) | <u32>value;
    have += 6;
    if (have >= 8) {
      have -= 8;
      putByte(<u8>(bits >> have));
    }
  }
  return true;
}

/**
 * Appends decoded base64 of either alphabet, as lenient as the most lenient server: ignores padding, spare bits and
 * invalid characters.
 */
export function putBase64Decoded(text: Span): void {
  let bits: u32 = 0;
  let have: u32 = 0;
  for (let at = text.start; at < text.end; at++) {
    const value = base64Value(load<u8>(at));
    if (value < 0) continue;
    bits = (bits << 6) | <u32>value;
    have += 6;
    if (have >= 8) {
      have -= 8;
      putByte(<u8>(bits >> have));
    }
  }
}

/** True if the text is base64 of either alphabet, with or without padding. */
export function isBase64(text: Span): bool {
  let at = text.start;
  while (at < text.end && base64Value(load<u8>(at)) >= 0) at++;
  while (at < text.end && load<u8>(at) == 0x3d) at++;
  return at == text.end;
}

/** The value of a character of either alphabet, or -1. */
export function base64Value(byte: u8): i32 {
  if (byte == 0x2b) return 62;
  return byte == 0x2f ? 63 : urlValue(byte);
}

/** The character of the standard alphabet for six bits. */
export function base64Letter(value: u32): u8 {
  if (value < 26) return <u8>(0x41 + value);
  if (value < 52) return <u8>(0x61 + value - 26);
  if (value < 62) return <u8>(0x30 + value - 52);
  return value == 62 ? 0x2b : 0x2f;
}

function urlValue(byte: u8): i32 {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte == 0x2d) return 62;
  return byte == 0x5f ? 63 : -1;
}
