import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { samplesOf } from "../estimate/testing/build.ts";
import type { Sample } from "../metrics/samples.ts";
import { growsWithoutCalls } from "./call-free-growth.ts";

const settings = { restart: true, afterMs: 240_000, minBytes: 1_048_576 };
const START_BYTES = 18 * PAGE_BYTES;

/** Samples every ten seconds of an instance with so many pages at so many seconds. */
function life(pagesAt: (second: number) => number, seconds: number, change: Partial<Sample> = {}, last = settings) {
  const rows = Array.from({ length: seconds / 10 }, (_, n) => ({
    timeMs: (n + 1) * 10_000,
    allocatedBytes: Math.floor(pagesAt((n + 1) * 10)) * PAGE_BYTES,
    requests: 50,
    ...change,
  }));
  const instance = {
    generation: 1,
    startedMs: 0,
    nowMs: seconds * 1_000,
    startBytes: START_BYTES,
    allocatedBytes: rows.at(-1)!.allocatedBytes,
  };
  return growsWithoutCalls(samplesOf(rows), instance, last);
}

/** 2.45 kB for each of five requests a second. */
const leak = (second: number) => 18 + (second * 12_250) / PAGE_BYTES;

describe("growth without calls", () => {
  it("is taken for a leak after four minutes, before the filter has four times its fixed part", () => {
    expect(life(leak, 230)).toBe(false);
    expect(life(leak, 240)).toBe(true);
    expect(leak(240)).toBeLessThan(4 * 18);
  });

  it("is recognized at a tenth of that within an hour", () => {
    expect(life((second) => leak(second / 10), 3_600)).toBe(true);
  });

  it("is no leak while it is small", () => {
    expect(life((second) => leak(second / 10), 600)).toBe(false);
  });

  it("is no leak if it has stopped, as that of a table that is full", () => {
    expect(life((second) => Math.min(leak(second), 40), 600)).toBe(false);
  });

  it("is no leak if the filter asks an authorization server", () => {
    expect(life(leak, 600, { outbound: 1 })).toBe(false);
  });

  it("is left alone if the service says so", () => {
    expect(life(leak, 600, {}, { ...settings, restart: false })).toBe(false);
    expect(life(leak, 600, {}, { ...settings, afterMs: 900_000 })).toBe(false);
    expect(life(leak, 600, {}, { ...settings, minBytes: 16 * 1_048_576 })).toBe(false);
  });
});
