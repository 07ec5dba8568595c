/**
 * Keys as `npm run api-key` makes them: `ebb_`, 128 random bits and a checksum, in letters and digits. Scanners for leaked
 * secrets find the prefix, and tell a key from a similar text by the checksum.
 */

export const KEY_PREFIX = "ebb_";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The digits that 128 and 32 bits need. */
const RANDOM_DIGITS = 22;
const CHECKSUM_DIGITS = 6;

/** @param random 16 bytes */
export function newKey(random: Uint8Array): string {
  if (random.length !== 16) throw new RangeError(`a key has 16 random bytes, not ${random.length}`);
  let value = 0n;
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  const body = KEY_PREFIX + inDigits(value, RANDOM_DIGITS);
  return body + checksumOf(body);
}

/** False only for a text that was meant to be such a key and is not: mistyped, cut off or invented. */
export function mayBeKey(text: string): boolean {
  if (!text.startsWith(KEY_PREFIX)) return true;
  if (text.length !== KEY_PREFIX.length + RANDOM_DIGITS + CHECKSUM_DIGITS) return false;
  return text.endsWith(checksumOf(text.slice(0, -CHECKSUM_DIGITS)));
}

function checksumOf(body: string): string {
  return inDigits(BigInt(crc32(body)), CHECKSUM_DIGITS);
}

function inDigits(value: bigint, count: number): string {
  let text = "";
  for (let rest = value, left = count; left > 0; left -= 1, rest /= 62n) text = DIGITS[Number(rest % 62n)] + text;
  return text;
}

/** CRC-32 of ISO 3309 over ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc ^= text.charCodeAt(index) & 0xff;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
