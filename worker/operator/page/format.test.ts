import { describe, expect, it } from "vitest";
import { agoText, bytesText, clockText, countText, durationText, isoText, percentText } from "./format.ts";

describe("a number is written as people read it", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [12_345, "12,345"],
    [123_456, "123 k"],
    [999_499, "999 k"],
    [1_234_567, "1.2 M"],
    [3.2e9, "3.2 G"],
    [Number.NaN, "–"],
  ])("count %d: %s", (count, text) => expect(countText(count)).toBe(text));

  it.each([
    [0, "0 B"],
    [65_536, "64 KiB"],
    [1_048_576, "1.00 MiB"],
    [12.34 * 1_048_576, "12.3 MiB"],
    [128 * 1_048_576, "128 MiB"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("%d bytes: %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [null, "–"],
    [0, "0 %"],
    [0.0004, "< 0.1 %"],
    [0.004, "0.4 %"],
    [0.5, "50 %"],
    [0.9996, "99.9 %"],
    [1, "100 %"],
  ])("share %d: %s", (share, text) => expect(percentText(share)).toBe(text));

  it.each([
    [null, "–"],
    [-5, "0 ms"],
    [340, "340 ms"],
    [2_340, "2.3 s"],
    [59_000, "59 s"],
    [119_000, "119 s"],
    [120_000, "2 min"],
    [7_200_000, "2 h"],
    [3 * 86_400_000, "3 d"],
  ])("%d ms: %s", (ms, text) => expect(durationText(ms)).toBe(text));
});

it("a time of another day has its date", () => {
  const noon = Date.UTC(2026, 10, 28, 12);
  expect(clockText(noon - 3_600_000, noon)).toBe("11:00 UTC");
  expect(clockText(noon - 86_400_000, noon, true)).toBe("2026-11-27 12:00:00 UTC");
  expect(agoText(noon - 600_000, noon)).toBe("10 min ago");
  expect(agoText(noon + 600_000, noon)).toBe("just now");
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.65e15])("the time %d does not throw", (atMs) => {
  expect(isoText(atMs)).toMatch(/^1970/);
});
