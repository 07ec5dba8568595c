import { Span } from "./span";

/**
 * Compares JSON numbers by their exact value: 1, 1.0 and 10e-1 are equal, 9007199254740993 and 9007199254740992 are not,
 * although both round to one binary number.
 */

/** The number 0.DIGITS * 10^magnitude, without zeros at both ends of the digits. */
@unmanaged
class Decimal {
  isNegative: u32;
  /** The bytes of the digits, perhaps with a point among them; 0 for zero. */
  first: usize;
  end: usize;
  magnitude: i64;
}

const left = changetype<Decimal>(memory.data(24, 8));
const right = changetype<Decimal>(memory.data(24, 8));
if (offsetof<Decimal>() > 24) ERROR("Decimal has outgrown its memory");

/** Both must be numbers as JSON writes them. */
export function areEqualNumbers(a: Span, b: Span): bool {
  parse(a, left);
  parse(b, right);
  if (!left.first || !right.first) return left.first == right.first;
  return left.isNegative == right.isNegative && left.magnitude == right.magnitude && haveSameDigits();
}

function haveSameDigits(): bool {
  let at = left.first;
  let other = right.first;
  while (true) {
    if (at < left.end && load<u8>(at) == POINT) at++;
    if (other < right.end && load<u8>(other) == POINT) other++;
    if (at == left.end || other == right.end) return at == left.end && other == right.end;
    if (load<u8>(at++) != load<u8>(other++)) return false;
  }
}

const POINT: u8 = 0x2e;
/** Larger than any exponent that digits of one text could balance. */
const MAX_EXPONENT: i64 = 1000000000;

function parse(text: Span, into: Decimal): void {
  let at = text.start;
  into.isNegative = load<u8>(at) == 0x2d ? 1 : 0;
  if (into.isNegative) at++;
  into.first = 0;
  into.end = 0;
  into.magnitude = 0;
  let isFraction = false;
  for (; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte == POINT) {
      isFraction = true;
      continue;
    }
    if (byte < 0x30 || byte > 0x39) break;
    if (byte != 0x30) {
      if (!into.first) into.first = at;
      into.end = at + 1;
    }
    // Digits of the whole part after the first one that is not zero, less zeros of the fraction before it.
    if (!isFraction && into.first) into.magnitude++;
    else if (isFraction && !into.first) into.magnitude--;
  }
  if (at < text.end) into.magnitude += exponentAt(at + 1, text.end);
}

function exponentAt(start: usize, end: usize): i64 {
  const sign = load<u8>(start);
  let exponent: i64 = 0;
  for (let at = sign == 0x2b || sign == 0x2d ? start + 1 : start; at < end; at++) {
    exponent = min(MAX_EXPONENT, exponent * 10 + (load<u8>(at) - 0x30));
  }
  return sign == 0x2d ? -exponent : exponent;
}
