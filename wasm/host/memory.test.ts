import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../byte-units.ts";
import { Status } from "./abi.ts";
import { lowerCaseName } from "./header-rules.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { GuestMemory } from "./memory.ts";

const HEAP_AT = 4_096;

function memoryUnderTest(allocate?: (size: number, memory: WebAssembly.Memory) => unknown) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 16 });
  const guest = new GuestMemory();
  const sizes: number[] = [];
  let heap = HEAP_AT;
  guest.attach(memory, (size = 0) => {
    sizes.push(size);
    if (allocate !== undefined) return allocate(size, memory);
    heap += size;
    return heap - size;
  });
  const bytesAt = (pointer: number, size: number): Uint8Array => new Uint8Array(memory.buffer, pointer, size).slice();
  const u32At = (pointer: number): number => new DataView(memory.buffer).getUint32(pointer, true);
  return { memory, guest, sizes, bytesAt, u32At };
}

describe("bounds", () => {
  it("treats addresses as unsigned, so negative ones are far outside", () => {
    const { guest } = memoryUnderTest();
    expect(guest.holds(0, PAGE_BYTES)).toBe(true);
    expect(guest.holds(1, PAGE_BYTES)).toBe(false);
    expect(guest.holds(-1, 1)).toBe(false);
    expect(guest.holds(-4, 8)).toBe(false);
    expect(guest.holds(0xffff_ffff, 0xffff_ffff)).toBe(false);
  });

  it("accepts any address for zero bytes", () => {
    const { guest } = memoryUnderTest();
    expect(guest.readText(-1, 0)).toBe("");
    expect(guest.readBytes(0xffff_ffff, 0)).toHaveLength(0);
  });

  it("fails every access outside, and every access before memory is attached", () => {
    for (const guest of [memoryUnderTest().guest, new GuestMemory()]) {
      expect(guest.readText(PAGE_BYTES - 1, 2)).toBeUndefined();
      expect(guest.readValue(PAGE_BYTES, 1)).toBeUndefined();
      expect(guest.readBytes(PAGE_BYTES - 1, 2)).toBeUndefined();
      expect(guest.readU32(PAGE_BYTES - 3)).toBeUndefined();
      expect(guest.writeU32(PAGE_BYTES - 3, 1)).toBe(Status.INVALID_MEMORY_ACCESS);
      expect(guest.writeU64(PAGE_BYTES - 7, 1, 1)).toBe(Status.INVALID_MEMORY_ACCESS);
      expect(guest.writeBytes(PAGE_BYTES - 1, new Uint8Array(2))).toBe(Status.INVALID_MEMORY_ACCESS);
    }
  });

  it("refuses texts longer than its limit, which could not become strings at all", () => {
    const memory = new WebAssembly.Memory({ initial: 8 });
    const guest = new GuestMemory();
    guest.attach(memory, () => 0);
    expect(guest.readText(0, HOST_LIMITS.textBytes)).toHaveLength(HOST_LIMITS.textBytes);
    expect(guest.readText(0, HOST_LIMITS.textBytes + 1)).toBeUndefined();
    expect(guest.readValue(0, HOST_LIMITS.headerMapBytes + 1)).toBeUndefined();
  });
});

describe("data returned to the guest", () => {
  it("gets its own allocation of exactly its size", () => {
    const { guest, sizes, bytesAt, u32At } = memoryUnderTest();
    expect(guest.returnBytes(Uint8Array.of(1, 2, 3), 0, 4)).toBe(Status.OK);
    expect(guest.returnText("héllo", 8, 12)).toBe(Status.OK);
    expect(sizes).toEqual([3, 6]);
    expect([...bytesAt(u32At(0), u32At(4))]).toEqual([1, 2, 3]);
    expect(new TextDecoder().decode(bytesAt(u32At(8), u32At(12)))).toBe("héllo");
  });

  it("is (0, 0) without an allocation if it is empty", () => {
    const { guest, sizes, u32At } = memoryUnderTest();
    guest.writeU32(0, 99);
    guest.writeU32(4, 99);
    expect(guest.returnText("", 0, 4)).toBe(Status.OK);
    expect([u32At(0), u32At(4)]).toEqual([0, 0]);
    expect(sizes).toEqual([]);
  });

  it("arrives although the allocation grew the memory and detached every view", () => {
    const { guest, bytesAt, u32At, memory } = memoryUnderTest((_size, grown) => grown.grow(1) * PAGE_BYTES);
    expect(guest.holds(0, PAGE_BYTES)).toBe(true);
    for (const text of ["short", "l".repeat(1_000), "ünïcode"]) {
      expect(guest.returnText(text, 0, 4)).toBe(Status.OK);
      expect(u32At(0)).toBe(memory.buffer.byteLength - PAGE_BYTES);
      expect(new TextDecoder().decode(bytesAt(u32At(0), u32At(4)))).toBe(text);
    }
    expect(guest.byteLength).toBe(memory.buffer.byteLength);
  });

  it("is not allocated when there is no place to report it", () => {
    const { guest, sizes } = memoryUnderTest();
    expect(guest.returnText("text", PAGE_BYTES - 3, 0)).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(guest.returnText("text", 0, -1)).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(sizes).toEqual([]);
  });

  it("fails with a status if the allocator fails, lies or returns nonsense", () => {
    for (const answer of [0, PAGE_BYTES - 1, -8, undefined, null, Number.NaN, 0n, "text", [1, 2]]) {
      const { guest, u32At } = memoryUnderTest(() => answer);
      expect(guest.returnText("four", 0, 4), String(answer)).toBe(Status.INVALID_MEMORY_ACCESS);
      expect([u32At(0), u32At(4)]).toEqual([0, 0]);
    }
  });

  it("does not recurse into an allocator that causes an allocation", () => {
    const inner: number[] = [];
    const { guest } = memoryUnderTest(() => {
      inner.push(guest.returnText("inner", 16, 20));
      return HEAP_AT;
    });
    expect(guest.returnText("outer", 0, 4)).toBe(Status.OK);
    expect(inner).toEqual([Status.INVALID_MEMORY_ACCESS]);
  });
});

describe("texts from the guest", () => {
  it("are read as written, every time", () => {
    const { guest, memory } = memoryUnderTest();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 90 }), (text) => {
        const bytes = new TextEncoder().encode(text);
        new Uint8Array(memory.buffer).set(bytes, 100);
        for (let time = 0; time < 2; time++) {
          expect(guest.readText(100, bytes.length)).toBe(text.toWellFormed());
          expect(guest.readValue(100, bytes.length)).toBe(text.toWellFormed());
          expect(guest.readName(100, bytes.length)).toBe(lowerCaseName(text.toWellFormed()));
        }
      }),
    );
  });

  it("become U+FFFD if they are not UTF-8, but stay distinct as keys", () => {
    const { guest } = memoryUnderTest();
    guest.writeBytes(0, Uint8Array.of(0xff, 0xfe));
    expect(guest.readText(0, 1)).toBe("\ufffd");
    expect(guest.readText(1, 1)).toBe("\ufffd");
    expect(guest.readKey(0, 1)).not.toBe(guest.readKey(1, 1));
  });
});

it("a released memory holds nothing and has no bytes", () => {
  const { guest } = memoryUnderTest();
  guest.release();
  expect(guest.byteLength).toBe(0);
  expect(guest.holds(0, 1)).toBe(false);
  expect(guest.returnText("text", 0, 4)).toBe(Status.INVALID_MEMORY_ACCESS);
});
