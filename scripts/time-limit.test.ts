import binaryen from "binaryen";
import { expect, it } from "vitest";
import { TimedOut, withTimeLimit } from "./time-limit.ts";

it("returns what the work returns, and lets its errors through", () => {
  expect(withTimeLimit(5_000, () => 42)).toBe(42);
  expect(withTimeLimit(5_000, () => undefined)).toBeUndefined();
  expect(() =>
    withTimeLimit(5_000, () => {
      throw new RangeError("its own");
    }),
  ).toThrow(new RangeError("its own"));
});

it("ends a WebAssembly function that loops forever", () => {
  const parsed = binaryen.parseText(`(module (func (export "spin") (loop (br 0))))`);
  const { spin } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(parsed.emitBinary()))).exports;
  parsed.dispose();
  expect(() => withTimeLimit(50, spin as () => void)).toThrow(TimedOut);
  expect(withTimeLimit(5_000, () => "and goes on")).toBe("and goes on");
});
