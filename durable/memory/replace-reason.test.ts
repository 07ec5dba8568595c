import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { replaceReason } from "./replace-reason.ts";

const reading = { startBytes: MIB, allocatedBytes: 32 * MIB, capBytes: 64 * MIB, refusedBytes: 0 };

describe("an instance is replaced", () => {
  it("when it grew beyond its cap", () => {
    expect(replaceReason(reading)).toBeUndefined();
    expect(replaceReason({ ...reading, allocatedBytes: 64 * MIB })).toBeUndefined();
    expect(replaceReason({ ...reading, allocatedBytes: 65 * MIB })).toBe("grew_beyond_cap");
  });

  it("when its allocator refused and there was no room left to grow", () => {
    expect(replaceReason({ ...reading, allocatedBytes: 64 * MIB, refusedBytes: 1_000 })).toBe("growth_failed");
  });

  it("not when its allocator refused with room left: an oversized request must not cause a restart", () => {
    expect(replaceReason({ ...reading, refusedBytes: 100_000 })).toBeUndefined();
  });

  it("not when it began above its cap: it would be replaced forever", () => {
    const large = { ...reading, startBytes: 80 * MIB, allocatedBytes: 80 * MIB };
    expect(replaceReason({ ...large, refusedBytes: 1_000 })).toBeUndefined();
  });
});
