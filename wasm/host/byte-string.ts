/** Every engine accepts this many arguments in one call. */
const CHARACTERS_AT_ONCE = 4_096;

/** One character per byte, so that byte sequences that are not UTF-8 stay distinct. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHARACTERS_AT_ONCE));
  }
  return text;
}

/** The inverse of `byteString`. */
export function writeByteString(text: string, into: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index += 1) into[at + index] = text.charCodeAt(index);
}
