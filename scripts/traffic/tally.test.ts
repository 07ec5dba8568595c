import { describe, expect, test } from "vitest";
import { asExpected, Tally } from "./tally.ts";

describe("an answer is as expected", () => {
  test.each([
    ["allowed", 200, true],
    ["allowed", 304, true],
    ["allowed", 401, false],
    ["allowed", 503, false],
    ["denied", 403, true],
    ["denied", 200, false],
    ["unauthenticated", 401, true],
    ["unauthenticated", 200, false],
  ] as const)("%s, %i: %s", (expected, status, verdict) => {
    expect(asExpected(expected, status)).toBe(verdict);
  });
});

describe("the tally", () => {
  test("counts outcomes, errors and failures in a row", () => {
    const tally = new Tally();
    tally.record("allowed", { kind: "answered", status: 200, latencyMs: 3 });
    tally.record("allowed", { kind: "answered", status: 503, latencyMs: 3 });
    tally.record("denied", { kind: "failed", reason: "timeout" });
    tally.record("denied", { kind: "failed", reason: "timeout" });
    expect(Object.fromEntries(tally.byOutcome)).toEqual({ "200": 1, "503": 1, timeout: 2 });
    expect(tally).toMatchObject({ answered: 2, errors: 3, failuresInARow: 2, finished: 4 });
    tally.record("denied", { kind: "answered", status: 403, latencyMs: 3 });
    expect(tally.failuresInARow).toBe(0);
  });

  test("knows the latencies within 5 %", () => {
    const tally = new Tally();
    for (let ms = 1; ms <= 1000; ms++) tally.record("allowed", { kind: "answered", status: 200, latencyMs: ms });
    expect(tally.latencyMs(0.5)! / 500).toBeCloseTo(1.02, 1);
    expect(tally.latencyMs(0.99)! / 990).toBeCloseTo(1.02, 1);
  });

  test("has no latency without an answer, and accepts absurd ones", () => {
    const tally = new Tally();
    expect(tally.latencyMs(0.5)).toBeUndefined();
    tally.record("allowed", { kind: "answered", status: 200, latencyMs: 1e12 });
    tally.record("allowed", { kind: "answered", status: 200, latencyMs: -5 });
    expect(tally.latencyMs(0)).toBe(1);
  });
});
