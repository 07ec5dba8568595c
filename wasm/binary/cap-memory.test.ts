import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtInFilterFile } from "../../scripts/built-in-filter.ts";
import { PAGE_BYTES } from "../byte-units.ts";
import { capMemory } from "./cap-memory.ts";
import { MemoryProblem, readMemoryLimits } from "./memory-section.ts";
import { binary, customSection, memorySection } from "./testing/binary.ts";

/** A module that grows on request, calls and stores: everything that could break if bytes were misplaced. */
function growing(initialPages: number, maximumPages: number | undefined): Uint8Array<ArrayBuffer> {
  const parsed = binaryen.parseText(`(module
    (memory (export "memory") ${initialPages} ${maximumPages ?? ""})
    (data (i32.const 8) "kept")
    (func $grow (export "grow") (param $pages i32) (result i32) (memory.grow (local.get $pages)))
    (func (export "size") (result i32) (drop (call $grow (i32.const 0))) (memory.size)))`);
  const bytes = new Uint8Array(parsed.emitBinary());
  parsed.dispose();
  return bytes;
}

/** The sections of a module, in order. */
function sectionsOf(module: Uint8Array): { id: number; content: string }[] {
  const sections = [];
  for (let at = 8; at < module.length; ) {
    const id = module[at++]!;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      size += (module[at]! & 0x7f) * 2 ** shift;
      if (module[at++]! < 0x80) break;
    }
    sections.push({ id, content: Buffer.from(module.subarray(at, at + size)).toString("hex") });
    at += size;
  }
  return sections;
}

const others = (module: Uint8Array) => sectionsOf(module).filter(({ id }) => id !== 5);

describe("a capped memory", () => {
  it("does not grow beyond the cap, and nothing else in the module changes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.option(fc.nat(400), { nil: undefined }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(PAGE_BYTES - 1),
        fc.string({ maxLength: 40 }),
        (initialPages, spare, capPages, beyondPage, note) => {
          const maximumPages = spare === undefined ? undefined : initialPages + spare;
          const noteSection = customSection("note", [...Buffer.from(note, "latin1")]);
          const module = Uint8Array.from([...growing(initialPages, maximumPages), ...noteSection]);
          fc.pre(initialPages <= capPages);

          const capped = new Uint8Array(capMemory(module, capPages * PAGE_BYTES + beyondPage));
          const bound = Math.min(capPages, maximumPages ?? capPages);
          expect(readMemoryLimits(capped)).toEqual({ initialPages, maximumPages: bound });
          expect(others(capped)).toEqual(others(module));

          const compiled = new WebAssembly.Module(capped);
          expect(WebAssembly.Module.exports(compiled)).toEqual(
            WebAssembly.Module.exports(new WebAssembly.Module(module)),
          );
          const { grow, size } = new WebAssembly.Instance(compiled).exports as Record<
            string,
            (pages?: number) => number
          >;
          expect(grow!(bound - initialPages + 1)).toBe(-1);
          expect(grow!(bound - initialPages)).toBe(initialPages);
          expect(grow!(1)).toBe(-1);
          expect(size!()).toBe(bound);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("is rewritten only once: a cap of the same size or above changes nothing", () => {
    const capped = capMemory(growing(1, undefined), 16 * PAGE_BYTES);
    expect(capMemory(capped, 16 * PAGE_BYTES)).toBe(capped);
    expect(capMemory(capped, 1_024 * PAGE_BYTES)).toBe(capped);
    expect(readMemoryLimits(capMemory(capped, 15 * PAGE_BYTES))?.maximumPages).toBe(15);
  });

  it("may be encoded longer than necessary, and is rewritten shorter", () => {
    const padded = [5, 0x8d, 0x80, 0x00, 0x81, 0x00, 1, 0x81, 0x80, 0x80, 0x80, 0x00, 0x80, 0x80, 0x84, 0x80, 0x00];
    const module = binary(customSection("a"), padded, customSection("b"));
    expect(WebAssembly.validate(module)).toBe(true);
    const expected = binary(customSection("a"), memorySection([1, 1, 1, 0x80, 0x08]), customSection("b"));
    expect(capMemory(module, 1_024 * PAGE_BYTES)).toEqual(expected);
  });

  it("also works for a real filter", () => {
    const module = readFileSync(builtInFilterFile);
    const capped = new Uint8Array(capMemory(module, 5 * PAGE_BYTES));
    expect(WebAssembly.validate(capped)).toBe(true);
    expect(readMemoryLimits(capped)).toEqual({ initialPages: 3, maximumPages: 5 });
    expect(others(capped)).toEqual(others(module));
  });
});

describe("a memory that cannot be capped", () => {
  it("starts above the cap: the message states both sizes and the remedies", () => {
    expect(() => capMemory(growing(3, undefined), 3 * PAGE_BYTES - 1)).toThrow(
      "starts with 196608 bytes of memory, more than the maximum of 131072: allow it more, or link it with less",
    );
  });

  it("is not defined by the module", () => {
    expect(() => capMemory(binary(), PAGE_BYTES)).toThrow("defines no memory of its own: not a Proxy-Wasm filter");
  });

  it("is a MemoryProblem, whatever the bytes are", () => {
    const module = growing(2, undefined);
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => binary([...bytes])),
      fc.uint8Array({ maxLength: 16 }).map((bytes) => binary(memorySection([...bytes]))),
      fc.tuple(fc.nat(module.length - 1), fc.nat(255)).map(([at, byte]) => module.with(at, byte)),
      fc.nat(module.length).map((length) => module.slice(0, length)),
    );
    fc.assert(
      fc.property(damaged, fc.integer({ min: 1, max: 8 }), (bytes, capPages) => {
        try {
          expect(readMemoryLimits(capMemory(bytes, capPages * PAGE_BYTES))?.maximumPages).toBeLessThanOrEqual(capPages);
        } catch (error) {
          expect(error).toBeInstanceOf(MemoryProblem);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("does not change validity when capped: a valid module stays valid, and a damaged one damaged", () => {
    const module = growing(2, undefined);
    const mutated = fc.tuple(fc.nat(module.length - 1), fc.nat(255)).map(([at, byte]) => module.with(at, byte));
    fc.assert(
      fc.property(mutated, (bytes) => {
        let capped: Uint8Array;
        try {
          capped = capMemory(bytes, 4 * PAGE_BYTES);
        } catch {
          return;
        }
        expect(WebAssembly.validate(new Uint8Array(capped))).toBe(WebAssembly.validate(bytes));
      }),
      { numRuns: 1_000 },
    );
  });
});
