import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sipHash, sipKey } from "./siphash.ts";

/** The text whose UTF-16 units are these bytes in pairs. */
function textOf(bytes: readonly number[]): string {
  const units = Array.from(
    { length: bytes.length / 2 },
    (_, index) => bytes[2 * index]! | (bytes[2 * index + 1]! << 8),
  );
  return String.fromCharCode(...units);
}

function bytesOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)).flatMap((u) => [u & 255, u >> 8]);
}

const MASK = (1n << 64n) - 1n;
const turned = (word: bigint, by: bigint) => ((word << by) | (word >> (64n - by))) & MASK;

/** SipHash-2-4-128 as its authors define it, on words of 64 bits. */
function reference(bytes: readonly number[], key: readonly number[]): number[] {
  const wordAt = (from: readonly number[], at: number) =>
    from.slice(at, at + 8).reduce((sum, byte, index) => sum | (BigInt(byte) << BigInt(8 * index)), 0n);
  const [k0, k1] = [wordAt(key, 0), wordAt(key, 8)];
  let [a, b] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn ^ 0xeen];
  let [c, d] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const round = () => {
    a = (a + b) & MASK;
    c = (c + d) & MASK;
    b = turned(b, 13n) ^ a;
    d = turned(d, 16n) ^ c;
    a = turned(a, 32n);
    c = (c + b) & MASK;
    a = (a + d) & MASK;
    b = turned(b, 17n) ^ c;
    d = turned(d, 21n) ^ a;
    c = turned(c, 32n);
  };
  const whole = bytes.length - (bytes.length % 8);
  const last = wordAt(bytes, whole) | (BigInt(bytes.length & 255) << 56n);
  for (let at = 0; at <= whole; at += 8) {
    const word = at < whole ? wordAt(bytes, at) : last;
    d ^= word;
    round();
    round();
    a ^= word;
  }
  const half = () => {
    for (let n = 0; n < 4; n += 1) round();
    return a ^ b ^ c ^ d;
  };
  c ^= 0xeen;
  const first = half();
  b ^= 0xddn;
  return [first, half()].flatMap((word) => Array.from({ length: 8 }, (_, n) => Number((word >> BigInt(8 * n)) & 255n)));
}

const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
const counted = (size: number) => Array.from({ length: size }, (_, index) => index);

describe("SipHash of a text", () => {
  it.each([
    [0, "a3817f04ba25a8e66df67214c7550293"],
    [2, "8177228da4a45dc7fca38bdef60affe4"],
    [8, "3b62a9ba6258f5610f83e264f31497b4"],
  ])("equals the published vector of %i bytes", (size, expected) => {
    const key = sipKey(Uint8Array.from(counted(16)));
    expect(hex(bytesOf(sipHash(textOf(counted(size)), key)))).toBe(expected);
    expect(hex(reference(counted(size), counted(16)))).toBe(expected);
  });

  it("equals the definition for any text and key", () => {
    const anyKey = fc.array(fc.nat(255), { minLength: 16, maxLength: 16 });
    const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 100, maxLength: 400 }));
    fc.assert(
      fc.property(anyText, anyKey, (text, key) => {
        expect(bytesOf(sipHash(text, sipKey(Uint8Array.from(key))))).toEqual(reference(bytesOf(text), key));
      }),
    );
  });

  it("needs a key of 16 bytes", () => {
    expect(() => sipKey(new Uint8Array(32))).toThrow("16 bytes, not 32");
  });
});
