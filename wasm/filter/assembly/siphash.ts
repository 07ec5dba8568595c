/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein; https://github.com/veorq/SipHash), fed piece by piece.
 * As a keyed pseudo-random function it lets the cache recognise a token without storing it, and prevents outsiders from
 * choosing keys that collide.
 */

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;
/** Bytes that do not fill a word yet, lowest first, and their number. */
let tail: u64 = 0;
let tailBytes: u64 = 0;
let totalBytes: u64 = 0;
let resultLow: u64 = 0;
let resultHigh: u64 = 0;

export function beginDigest(keyLow: u64, keyHigh: u64): void {
  v0 = keyLow ^ 0x736f6d6570736575;
  v1 = keyHigh ^ 0x646f72616e646f6d ^ 0xee;
  v2 = keyLow ^ 0x6c7967656e657261;
  v3 = keyHigh ^ 0x7465646279746573;
  tail = 0;
  tailBytes = 0;
  totalBytes = 0;
}

function round(): void {
  v0 += v1;
  v2 += v3;
  v1 = rotl(v1, 13) ^ v0;
  v3 = rotl(v3, 16) ^ v2;
  v0 = rotl(v0, 32);
  v2 += v1;
  v0 += v3;
  v1 = rotl(v1, 17) ^ v2;
  v3 = rotl(v3, 21) ^ v0;
  v2 = rotl(v2, 32);
}

function absorbWord(word: u64): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

function absorbBits(value: u64, bytes: u64): void {
  const used = tailBytes << 3;
  tail |= value << used;
  const filled = tailBytes + bytes;
  if (filled < 8) {
    tailBytes = filled;
    return;
  }
  absorbWord(tail);
  // Nothing is left over when the word was empty before (and a shift by 64 would be a shift by 0).
  tail = used == 0 ? 0 : value >> (64 - used);
  tailBytes = filled - 8;
}

export function absorbBytes(start: usize, size: usize): void {
  totalBytes += size;
  const end = start + size;
  if (tailBytes == 0) {
    for (; start + 8 <= end; start += 8) absorbWord(load<u64>(start));
  } else {
    for (; start + 8 <= end; start += 8) absorbBits(load<u64>(start), 8);
  }
  while (start < end) {
    absorbBits(load<u8>(start), 1);
    start++;
  }
}

/** A field preceded by its length, so that different lists of fields give different input. */
export function absorbField(start: usize, size: usize): void {
  absorbNumber(<u32>size);
  absorbBytes(start, size);
}

export function absorbNumber(value: u32): void {
  totalBytes += 4;
  absorbBits(value, 4);
}

/** Ends the digest and wipes the state, which could be used to test guesses of the input. */
export function finishDigest(): void {
  absorbWord((totalBytes << 56) | tail);
  v2 ^= 0xee;
  round();
  round();
  round();
  round();
  resultLow = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xdd;
  round();
  round();
  round();
  round();
  resultHigh = v0 ^ v1 ^ v2 ^ v3;
  v0 = v1 = v2 = v3 = tail = 0;
}

export function digestLow(): u64 {
  return resultLow;
}

export function digestHigh(): u64 {
  return resultHigh;
}
