import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextCache } from "./text-cache.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const cache = (lowerCase: boolean): TextCache => new TextCache(decoder, lowerCase);
const read = (texts: TextCache, bytes: Uint8Array): string => texts.read(bytes, 0, bytes.length);

describe("the text cache", () => {
  it("reads the same as a decoder, whatever it read before", () => {
    // Few bytes and lengths, so that many share a slot; some are not UTF-8.
    const byte = fc.constantFrom(0x61, 0x62, 0x41, 0xc3, 0xa9, 0xff);
    const texts = cache(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.array(byte, { maxLength: 5 }), (any, few) => {
        for (const bytes of [any, Uint8Array.from(few)]) expect(read(texts, bytes)).toBe(decoder.decode(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it("folds only A to Z, and only for names", () => {
    const texts = cache(true);
    for (const name of ["X-User", "x-user", "X-USER"])
      expect(read(texts, new TextEncoder().encode(name))).toBe("x-user");
    expect(read(texts, new TextEncoder().encode("\u212aÉ[@"))).toBe("\u212aÉ[@");
  });

  it("reads at the given position", () => {
    const texts = cache(false);
    const bytes = new TextEncoder().encode("..:path..:path");
    expect([texts.read(bytes, 2, 5), texts.read(bytes, 9, 5), texts.read(bytes, 3, 0)]).toEqual([":path", ":path", ""]);
  });
});
