import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRow, writeRow } from "./rows.ts";

describe("a row of the journal", () => {
  it("reads as it was written", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 });
    fc.assert(
      fc.property(chunks, (all) => {
        expect(readRow(writeRow({ kind: "chunks", chunks: all }))).toEqual({ kind: "chunks", chunks: all });
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (credential) => {
        expect(readRow(writeRow({ kind: "purge", credential }))).toEqual({ kind: "purge", credential });
      }),
    );
  });

  it("is refused or read as some row, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const row = readRow(bytes);
        if (row?.kind === "chunks")
          expect(row.chunks.reduce((sum, { length }) => sum + 4 + length, 1)).toBe(bytes.length);
      }),
    );
  });

  it.each([
    ["nothing", []],
    ["an unknown kind", [9, 1]],
    ["half a size", [1, 1, 0]],
    ["a chunk that ends too early", [1, 5, 0, 0, 0, 1, 2]],
    ["a huge size", [1, 255, 255, 255, 255, 1]],
  ])("is invalid with %s", (_, bytes) => {
    expect(readRow(Uint8Array.from(bytes))).toBeUndefined();
  });
});
