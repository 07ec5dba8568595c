import { Span } from "./span";

/** NumericDate (RFC 7519, 2): seconds since 1970. Some servers write it as a decimal text. */

/** No time is known. */
export const NEVER_MS: u64 = u64.MAX_VALUE;

/**
 * As seconds this is the year 5138, as milliseconds 1973. Some servers write milliseconds: read as seconds, an expired
 * token would be valid for millennia.
 */
const MIN_MILLISECONDS: f64 = 1e11;

/** A NumericDate in milliseconds since 1970. A value that can only be milliseconds is read as such. */
export function numericDateMs(seconds: f64): u64 {
  if (!(seconds > 0)) return 0;
  const ms = seconds < MIN_MILLISECONDS ? seconds * 1000 : seconds;
  return ms < 9e15 ? <u64>ms : NEVER_MS;
}

/** Longer than any real NumericDate. */
const MAX_TEXT_BYTES: usize = 24;

/** The value of a decimal text, possibly with a sign and a fraction; NaN for anything else. */
export function decimalIn(text: Span): f64 {
  let at = text.start;
  const isNegative = text.size > 0 && load<u8>(at) == 0x2d;
  if (isNegative) at++;
  if (at == text.end || text.size > MAX_TEXT_BYTES) return NaN;
  let value: f64 = 0;
  let scale: f64 = 0;
  for (; at < text.end; at++) {
    const byte = load<u8>(at);
    const isPoint = byte == 0x2e && scale == 0 && at > text.start && at + 1 < text.end && isDigit(load<u8>(at - 1));
    if (isPoint) {
      scale = 1;
      continue;
    }
    if (!isDigit(byte)) return NaN;
    if (scale == 0) {
      value = value * 10 + <f64>(byte - 0x30);
    } else {
      scale /= 10;
      value += <f64>(byte - 0x30) * scale;
    }
  }
  return isNegative ? -value : value;
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}
