const MASK = (1n << 64n) - 1n;

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** A simple SipHash-2-4 with 128 bits: for chunks that only the filter should be able to create. */
export class SipHash {
  readonly #keyLow: bigint;
  readonly #keyHigh: bigint;

  /** @param key 32 hexadecimal digits, as in the filter's configuration */
  constructor(key: string) {
    const bytes = new DataView(Uint8Array.from(Buffer.from(key, "hex")).buffer);
    this.#keyLow = bytes.getBigUint64(0, true);
    this.#keyHigh = bytes.getBigUint64(8, true);
  }

  digest(input: Uint8Array): Uint8Array {
    const padded = new DataView(new ArrayBuffer((input.length & ~7) + 8));
    input.forEach((byte, at) => void padded.setUint8(at, byte));
    padded.setUint8(padded.byteLength - 1, input.length & 0xff);
    let v0 = this.#keyLow ^ 0x736f6d6570736575n;
    let v1 = this.#keyHigh ^ 0x646f72616e646f6dn ^ 0xeen;
    let v2 = this.#keyLow ^ 0x6c7967656e657261n;
    let v3 = this.#keyHigh ^ 0x7465646279746573n;
    const rounds = (count: number): void => {
      for (; count > 0; count -= 1) {
        v0 = (v0 + v1) & MASK;
        v2 = (v2 + v3) & MASK;
        v1 = rotated(v1, 13n) ^ v0;
        v3 = rotated(v3, 16n) ^ v2;
        v0 = rotated(v0, 32n);
        v2 = (v2 + v1) & MASK;
        v0 = (v0 + v3) & MASK;
        v1 = rotated(v1, 17n) ^ v2;
        v3 = rotated(v3, 21n) ^ v0;
        v2 = rotated(v2, 32n);
      }
    };
    for (let at = 0; at < padded.byteLength; at += 8) {
      const word = padded.getBigUint64(at, true);
      v3 ^= word;
      rounds(2);
      v0 ^= word;
    }
    const result = new DataView(new ArrayBuffer(16));
    v2 ^= 0xeen;
    rounds(4);
    result.setBigUint64(0, v0 ^ v1 ^ v2 ^ v3, true);
    v1 ^= 0xddn;
    rounds(4);
    result.setBigUint64(8, v0 ^ v1 ^ v2 ^ v3, true);
    return new Uint8Array(result.buffer);
  }
}
