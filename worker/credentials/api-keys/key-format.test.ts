import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mayBeKey, newKey } from "./key-format.ts";

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("an API key", () => {
  it("holds all its random bits, after a prefix that scanners find", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(newKey(a)).toMatch(/^ebb_[0-9A-Za-z]{28}$/);
        expect(newKey(a) === newKey(b)).toBe(a.every((byte, index) => byte === b[index]));
      }),
    );
    expect(newKey(new Uint8Array(16).fill(255))).toMatch(/^ebb_7n42DGM5Tflk9n8mt7Fhc7/);
    expect(() => newKey(new Uint8Array(15))).toThrow(RangeError);
  });

  it("is told from a text in which one character differs", () => {
    const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    fc.assert(
      fc.property(bytes, fc.nat(27), fc.constantFrom(...alphabet), (random, index, character) => {
        const key = newKey(random);
        const at = 4 + index;
        const changed = key.slice(0, at) + character + key.slice(at + 1);
        expect(mayBeKey(changed)).toBe(changed === key);
      }),
    );
  });

  it.each(["ebb_", "ebb_x", `${newKey(new Uint8Array(16))}0`, newKey(new Uint8Array(16)).slice(0, -1)])(
    "is not %s",
    (text) => {
      expect(mayBeKey(text)).toBe(false);
    },
  );

  it("of another kind is not judged by its form", () => {
    expect(mayBeKey("sk_live_whatever")).toBe(true);
  });
});
