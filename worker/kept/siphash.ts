/** A key of SipHash as four words of 32 bits. */
export type SipKey = readonly [number, number, number, number];

/** @param bytes 16 of them */
export function sipKey(bytes: Uint8Array): SipKey {
  if (bytes.length !== 16) throw new RangeError(`a key of SipHash has 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as unknown as SipKey;
}

/**
 * SipHash-2-4 with 128 bits of output (https://github.com/veorq/SipHash), the keyed hash of the built-in filter's cache too. It
 * reads a text as its UTF-16 units in little-endian order, and gives eight such units.
 *
 * A Worker has no hash of its own that does not wait. This one allocates nothing, which counts for more than its arithmetic: all
 * its state is in local variables, the words v0 to v3 as a, b, c, d with their lower and upper 32 bits.
 */
export function sipHash(text: string, [k0, k1, k2, k3]: SipKey): string {
  let aL = k0 ^ 0x70736575;
  let aH = k1 ^ 0x736f6d65;
  let bL = k2 ^ 0x6e646f6d ^ 0xee;
  let bH = k3 ^ 0x646f7261;
  let cL = k0 ^ 0x6e657261;
  let cH = k1 ^ 0x6c796765;
  let dL = k2 ^ 0x79746573;
  let dH = k3 ^ 0x74656462;
  let firstL = 0;
  let firstH = 0;
  const words = (text.length >>> 2) + 1;
  // After the text's words come two turns without one, for the two halves of the output.
  for (let word = 0; word < words + 2; word += 1) {
    const lower = word < words ? unit(text, 4 * word) | (unit(text, 4 * word + 1) << 16) : 0;
    let upper = word < words ? unit(text, 4 * word + 2) | (unit(text, 4 * word + 3) << 16) : 0;
    // The last word ends in the number of bytes.
    if (word === words - 1) upper |= (2 * text.length) << 24;
    if (word === words) cL ^= 0xee;
    if (word === words + 1) {
      firstL = aL ^ bL ^ cL ^ dL;
      firstH = aH ^ bH ^ cH ^ dH;
      bL ^= 0xdd;
    }
    dL ^= lower;
    dH ^= upper;
    for (let round = word < words ? 2 : 4; round > 0; round -= 1) {
      let x = (aL + bL) | 0;
      aH = (aH + bH + carry(x, aL)) | 0;
      aL = x;
      x = bL;
      bL = ((x << 13) | (bH >>> 19)) ^ aL;
      bH = ((bH << 13) | (x >>> 19)) ^ aH;
      x = aL;
      aL = aH;
      aH = x;

      x = (cL + dL) | 0;
      cH = (cH + dH + carry(x, cL)) | 0;
      cL = x;
      x = dL;
      dL = ((x << 16) | (dH >>> 16)) ^ cL;
      dH = ((dH << 16) | (x >>> 16)) ^ cH;

      x = (aL + dL) | 0;
      aH = (aH + dH + carry(x, aL)) | 0;
      aL = x;
      x = dL;
      dL = ((x << 21) | (dH >>> 11)) ^ aL;
      dH = ((dH << 21) | (x >>> 11)) ^ aH;

      x = (cL + bL) | 0;
      cH = (cH + bH + carry(x, cL)) | 0;
      cL = x;
      x = bL;
      bL = ((x << 17) | (bH >>> 15)) ^ cL;
      bH = ((bH << 17) | (x >>> 15)) ^ cH;
      x = cL;
      cL = cH;
      cH = x;
    }
    aL ^= lower;
    aH ^= upper;
  }
  const lastL = aL ^ bL ^ cL ^ dL;
  const lastH = aH ^ bH ^ cH ^ dH;
  return String.fromCharCode(firstL, firstL >>> 16, firstH, firstH >>> 16, lastL, lastL >>> 16, lastH, lastH >>> 16);
}

/** Beyond the end: 0. */
function unit(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

/** Whether a sum of 32 bits, of which `part` is one, has overflowed. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0;
}
