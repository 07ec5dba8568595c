import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHeaderMap, encodeHeaderMap, headerMapSize } from "./header-codec.ts";
import type { HeaderList } from "./header-table.ts";
import { HOST_LIMITS } from "./host-limits.ts";

/** Any text as decoded again: lone surrogates have no UTF-8 form and become U+FFFD. */
const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.toWellFormed());
const headers: fc.Arbitrary<HeaderList> = fc.array(fc.tuple(text, text), { maxLength: 30 });

describe("the header map codec", () => {
  it("round-trips any text", () => {
    fc.assert(
      fc.property(headers, (list) => {
        const bytes = encodeHeaderMap(list);
        expect(bytes.length).toBe(headerMapSize(list));
        expect(decodeHeaderMap(bytes)).toEqual(list);
      }),
    );
  });

  it("writes the layout of the specification", () => {
    expect([...encodeHeaderMap([["a", "bc"]])]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x61, 0, 0x62, 0x63, 0]);
  });

  it("writes lone surrogates as U+FFFD in exactly the announced size", () => {
    const list: HeaderList = [["x", "\ud800a\udc00\ud83d"]];
    expect(decodeHeaderMap(encodeHeaderMap(list))).toEqual([["x", "\ufffda\ufffd\ufffd"]]);
  });

  it("reads zero bytes and a single NUL as the empty map, and writes it as zero bytes", () => {
    expect(decodeHeaderMap(new Uint8Array(0))).toEqual([]);
    expect(decodeHeaderMap(Uint8Array.of(0))).toEqual([]);
    expect(encodeHeaderMap([])).toHaveLength(0);
  });

  it("decodes bytes that are not UTF-8 without failing", () => {
    const bytes = encodeHeaderMap([["x", "ab"]]);
    bytes[bytes.length - 3] = 0xff;
    expect(decodeHeaderMap(bytes)).toEqual([["x", "\ufffdb"]]);
  });

  it("refuses a map that ends early or late", () => {
    const bytes = encodeHeaderMap([
      ["name", "value"],
      ["other", ""],
    ]);
    for (let length = 1; length < bytes.length; length++) {
      expect(decodeHeaderMap(bytes.subarray(0, length)), `cut to ${length}`).toBeUndefined();
    }
    expect(decodeHeaderMap(Uint8Array.of(...bytes, 0))).toBeUndefined();
  });

  it("refuses counts and lengths beyond its limits without allocating memory for them", () => {
    const claim = (count: number): Uint8Array => {
      const bytes = new Uint8Array(64);
      new DataView(bytes.buffer).setUint32(0, count, true);
      return bytes;
    };
    expect(decodeHeaderMap(claim(0xffff_ffff))).toBeUndefined();
    expect(decodeHeaderMap(claim(HOST_LIMITS.headersPerMap + 1))).toBeUndefined();
    expect(decodeHeaderMap(new Uint8Array(HOST_LIMITS.headerMapBytes + 1))).toBeUndefined();
  });

  it("returns a list or undefined for any bytes, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const list = decodeHeaderMap(bytes);
        expect(list === undefined || Array.isArray(list)).toBe(true);
      }),
    );
  });
});
