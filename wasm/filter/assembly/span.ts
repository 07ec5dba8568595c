/** A range of bytes in memory. Absent (start 0) differs from present and empty. */
@unmanaged
export class Span {
  start: usize;
  size: usize;

  set(start: usize, size: usize): void {
    this.start = start;
    this.size = size;
  }

  copy(other: Span): void {
    this.start = other.start;
    this.size = other.size;
  }

  clear(): void {
    this.start = 0;
    this.size = 0;
  }

  get isPresent(): bool {
    return this.start != 0;
  }

  get end(): usize {
    return this.start + this.size;
  }

  equals(other: Span): bool {
    return this.size == other.size && memory.compare(this.start, other.start, this.size) == 0;
  }

  /** Equal to an ASCII literal, byte for byte. */
  is(text: string): bool {
    return this.size == <usize>text.length && sameLetters(this.start, text, false);
  }

  /** Equal to a lower-case ASCII literal, ignoring case. */
  isIgnoringCase(text: string): bool {
    return this.size == <usize>text.length && sameLetters(this.start, text, true);
  }

  startsWith(text: string): bool {
    return this.size >= <usize>text.length && sameLetters(this.start, text, false);
  }
}

/** Bytes of a Span. (`memory.data` takes literals only, hence the 8s.) */
export const SPAN_BYTES: usize = 8;

function sameLetters(start: usize, text: string, ignoreCase: bool): bool {
  const letters = changetype<usize>(text);
  const count = <usize>text.length;
  for (let i: usize = 0; i < count; i++) {
    let byte = load<u8>(start + i);
    if (ignoreCase) byte = lowerCase(byte);
    if (byte != <u8>load<u16>(letters + (i << 1))) return false;
  }
  return true;
}

export function lowerCase(byte: u8): u8 {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

export function isBlank(byte: u8): bool {
  return byte == 0x20 || byte == 0x09;
}

/** Removes leading and trailing spaces and tabs (OWS in RFC 9110). */
export function trim(span: Span): void {
  let start = span.start;
  let end = span.end;
  while (start < end && isBlank(load<u8>(start))) start++;
  while (end > start && isBlank(load<u8>(end - 1))) end--;
  span.set(start, end - start);
}

/** First position of `byte` in [start, end), or `end`. */
export function indexOfByte(start: usize, end: usize, byte: u8): usize {
  while (start < end && load<u8>(start) != byte) start++;
  return start;
}

/** True if `text`, lower-cased, equals `lower`. */
export function equalsIgnoringCase(text: Span, lower: Span): bool {
  if (text.size != lower.size) return false;
  for (let i: usize = 0; i < text.size; i++) {
    if (lowerCase(load<u8>(text.start + i)) != load<u8>(lower.start + i)) return false;
  }
  return true;
}
