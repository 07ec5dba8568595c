const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK_64 = 0xffffffffffffffffn;

/**
 * 64-bit FNV-1a of a text's UTF-8 bytes, as 16 hex digits. Identifies a configuration; not safe against someone who can
 * choose the text.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/ (test vectors there)
 */
export function fnv1a64(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK_64;
  return hash.toString(16).padStart(16, "0");
}
