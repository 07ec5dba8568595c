import { describe, expect, it } from "vitest";
import { findMemorySection, hasStartSection, MemoryProblem, readMemoryLimits } from "./memory-section.ts";
import { binary, customSection, memorySection } from "./testing/binary.ts";

describe("the limits of a module's memory", () => {
  it.each<[string, number[], { initialPages: number; maximumPages: number | undefined }]>([
    ["without a maximum", [1, 0, 17], { initialPages: 17, maximumPages: undefined }],
    ["with one", [1, 1, 1, 0x80, 0x08], { initialPages: 1, maximumPages: 1_024 }],
    [
      "in numbers encoded longer than necessary",
      [0x81, 0x00, 1, 0x83, 0x80, 0x00, 0x80, 0x80, 0x04],
      { initialPages: 3, maximumPages: 65_536 },
    ],
  ])("are read %s", (_, content, limits) => {
    const module = binary(customSection("before"), memorySection(content), customSection("after"));
    expect(WebAssembly.validate(module)).toBe(true);
    expect(readMemoryLimits(module)).toEqual(limits);
  });

  it("are absent if no memory is defined", () => {
    expect(readMemoryLimits(binary())).toBeUndefined();
    expect(readMemoryLimits(binary(customSection("only")))).toBeUndefined();
    expect(readMemoryLimits(binary(memorySection([0])))).toBeUndefined();
  });

  it("are found in their section, whatever a custom section contains", () => {
    const decoy = customSection("decoy", memorySection([1, 0, 1]));
    const module = binary(decoy, memorySection([1, 1, 2, 3]));
    const section = findMemorySection(module);
    expect(section?.limits).toEqual({ initialPages: 2, maximumPages: 3 });
    expect([...module.subarray(section?.from, section?.to)]).toEqual(memorySection([1, 1, 2, 3]));
  });
});

it("a start section is found, whatever a custom section contains", () => {
  const start = [8, 1, 0];
  const functions = [
    [1, 4, 1, 0x60, 0, 0],
    [3, 2, 1, 0],
  ];
  const code = [10, 4, 1, 2, 0, 0x0b];
  const runs = binary(...functions, memorySection([1, 0, 1]), start, code);
  expect(WebAssembly.validate(runs)).toBe(true);
  expect(hasStartSection(runs)).toBe(true);
  expect(hasStartSection(binary(...functions, customSection("decoy", start), code))).toBe(false);
});

describe("a memory that is not plain is refused", () => {
  it.each<[string, number[], RegExp]>([
    ["several", [2, 0, 1, 0, 1], /^defines 2 memories; a filter has one$/],
    ["shared", [1, 3, 1, 2], /^has a shared memory/],
    ["of 64 bits", [1, 4, 1], /^has a memory with 64-bit addresses; .* build for wasm32$/],
    ["of 64 bits, with a maximum", [1, 5, 1, 2], /64-bit/],
    ["of a future kind", [1, 8, 1, 16], /^has a memory of an unknown kind \(flags 8\)$/],
  ])("%s", (_, content, message) => {
    expect(() => readMemoryLimits(binary(memorySection(content)))).toThrow(message);
  });
});

describe("a damaged module is refused", () => {
  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ["a section that ends after the module", binary([5, 9, 1, 0, 1])],
    ["an earlier section that is too long", binary([1, 0xff, 0xff, 0xff, 0xff, 0x0f], memorySection([1, 0, 1]))],
    ["a section shorter than stated", binary([5, 4, 1, 0, 1, 0])],
    ["a section longer than stated", binary([5, 3, 1, 1, 1, 2])],
    ["a number that never ends", binary(memorySection([1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]))],
    ["a number of more than 32 bits", binary(memorySection([1, 0, 0xff, 0xff, 0xff, 0xff, 0x1f]))],
    ["a number cut off", binary([5, 4, 1, 0, 0x80, 0x80])],
    ["an empty section", binary(memorySection([]))],
    ["a section without its length", binary([5])],
    ["a maximum below the initial size", binary(memorySection([1, 1, 3, 2]))],
    ["an initial size of more than 4 GiB", binary(memorySection([1, 0, 0x81, 0x80, 0x04]))],
    ["a maximum of more than 4 GiB", binary(memorySection([1, 1, 1, 0x81, 0x80, 0x04]))],
  ])("%s", (_, module) => {
    expect(WebAssembly.validate(module)).toBe(false);
    expect(() => readMemoryLimits(module)).toThrow(/^is damaged \(at byte \d+\)$/);
  });

  it.each<[string, number[]]>([
    ["nothing", []],
    ["a text", [...Buffer.from("(module)")]],
    ["a component", [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]],
    ["a module cut off in its version", [0, 0x61, 0x73, 0x6d, 1, 0]],
  ])("%s is not a module", (_, bytes) => {
    expect(() => readMemoryLimits(Uint8Array.from(bytes))).toThrow(new MemoryProblem("is no WebAssembly module"));
  });
});
