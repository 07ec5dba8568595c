import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../byte-units.ts";
import { judgeMemory } from "./memory-verdict.ts";
import { binary, memorySection } from "./testing/binary.ts";

const judge = (content: number[], limitPages: number) =>
  judgeMemory(binary(memorySection(content)), limitPages * PAGE_BYTES);

describe("a module's memory is judged", () => {
  it("by its maximum, which may be the limit itself", () => {
    expect(judge([1, 1, 1, 16], 16)).toEqual({ ok: true, maximumBytes: 16 * PAGE_BYTES });
    expect(judge([1, 1, 1, 2], 16)).toEqual({ ok: true, maximumBytes: 2 * PAGE_BYTES });
    expect(judge([1, 1, 1, 17], 16)).toEqual({ ok: false, found: "may grow to 1114112 bytes", canBeCapped: true });
    expect(judge([1, 1, 1, 16], 16 - 1 / PAGE_BYTES)).toMatchObject({ ok: false, canBeCapped: true });
  });

  it("as growing without limit if it has none, even if it starts at the limit", () => {
    expect(judge([1, 0, 16], 16)).toEqual({ ok: false, found: "has no memory maximum", canBeCapped: true });
  });

  it("as not fixable if no maximum would help", () => {
    expect(judge([1, 0, 17], 16)).toMatchObject({ ok: false, canBeCapped: false });
    expect(judge([1, 1, 17, 18], 16)).toMatchObject({ ok: false, canBeCapped: false });
    expect(judge([2, 1, 1, 2, 1, 1, 2], 16)).toMatchObject({ ok: false, canBeCapped: false });
    expect(judge([1, 5, 1, 2], 16)).toMatchObject({ ok: false, canBeCapped: false });
    expect(judgeMemory(binary(), PAGE_BYTES)).toMatchObject({ ok: false, canBeCapped: false });
    expect(judgeMemory(new Uint8Array(3), PAGE_BYTES)).toMatchObject({ ok: false, canBeCapped: false });
  });
});
