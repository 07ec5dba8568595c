import { arenaMark, extend } from "./arena";
import { Span } from "./span";

/** Composes text by appending to the arena: `const start = arenaMark(); put…; size = arenaMark() - start`. */

export function putByte(byte: u8): void {
  const at = extend(1);
  if (at) store<u8>(at, byte);
}

export function putBytes(start: usize, size: usize): void {
  const at = extend(size);
  if (at) memory.copy(at, start, size);
}

export function putSpan(span: Span): void {
  putBytes(span.start, span.size);
}

/** Puts an ASCII literal. (Literals are UTF-16 in static memory; nothing is allocated.) */
export function putText(text: string): void {
  const count = <usize>text.length;
  const at = extend(count);
  if (!at) return;
  const letters = changetype<usize>(text);
  for (let i: usize = 0; i < count; i++) store<u8>(at + i, <u8>load<u16>(letters + (i << 1)));
}

export function putDecimal(value: u64): void {
  let divisor: u64 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) putByte(<u8>(0x30 + ((value / divisor) % 10)));
}

/** Sets `into` to everything written since `mark`. */
export function takeWritten(mark: usize, into: Span): void {
  into.set(mark, arenaMark() - mark);
}
