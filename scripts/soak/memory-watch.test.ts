import { expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { judgeMemory, MEMORY_BOUND } from "./memory-watch.ts";

it("a run that grows only at its start is flat", () => {
  const samples = Array.from({ length: 100 }, (_, n) => (n < 20 ? 50 + n * 10 : 250 + (n % 7) * 8) * MIB);
  expect(judgeMemory(samples, 30)).toMatchObject({ isFlat: true });
});

it("a leak of 1 kB a request, 150 requests a second, is not flat after half an hour", () => {
  const samples = Array.from({ length: 180 }, (_, n) => 250 * MIB + n * 10 * 150 * 1_024);
  expect(judgeMemory(samples, 30).isFlat).toBe(false);
});

it("growth within the bound is flat, and beyond it is not", () => {
  const grown = (bytes: number) =>
    judgeMemory(
      Array.from({ length: 50 }, (_, n) => (n < 40 ? 100 * MIB : 100 * MIB + bytes)),
      30,
    );
  expect(grown(MEMORY_BOUND.bytes).isFlat).toBe(true);
  expect(grown(MEMORY_BOUND.bytes + MIB).isFlat).toBe(false);
});

it("a run of a minute is too short for a verdict", () => {
  expect(judgeMemory([1, 2, 3], 1).isFlat).toBeNull();
});
