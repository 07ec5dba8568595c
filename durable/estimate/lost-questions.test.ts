import { describe, expect, it } from "vitest";
import { LostQuestions } from "./lost-questions.ts";

const LOST = { afterMs: 30_000, lostAfterMs: 10_000, ownTtlMs: 60_000, ttlMs: 60_000, hitShare: 0 };

function sumOf(calls: readonly number[]): number {
  return calls.reduce((sum, call) => sum + call, 0);
}

describe("questions whose answers were lost", () => {
  it("count as extra calls while their answers would still be valid", () => {
    const lost = new LostQuestions(3_600_000);
    lost.add(LOST);
    lost.add({ ...LOST, afterMs: 60_000 });
    expect(sumOf(lost.extraCalls)).toBe(1);
    expect(lost.takeCalls()).toBe(1);
    expect(lost.takeCalls()).toBe(0);
  });

  it("of a shorter TTL of their own count only for that long", () => {
    const lost = new LostQuestions(3_600_000);
    lost.add({ ...LOST, ttlMs: 600_000, afterMs: 90_000 });
    expect(sumOf(lost.extraCalls)).toBe(0);
  });

  it("are counted by the age of the answer when it was lost", () => {
    const lost = new LostQuestions(3_600_000);
    lost.add({ ...LOST, lostAfterMs: 0 });
    lost.add({ ...LOST, lostAfterMs: 59_000 });
    lost.add({ ...LOST, lostAfterMs: 300_000 });
    expect([lost.extraCalls[0], lost.extraCalls.at(-1)]).toEqual([1, 2]);
  });

  it("count for less if their clients would soon have asked anyway", () => {
    const lost = new LostQuestions(3_600_000);
    for (let n = 0; n < 5_000; n += 1) lost.asked(1, n * 100_000);
    expect(lost.returning).toBeGreaterThan(0.99);
    lost.add({ ...LOST, hitShare: 1 });
    expect(sumOf(lost.extraCalls)).toBeCloseTo(0.5, 1);
  });

  it("begin anew with each instance", () => {
    const lost = new LostQuestions(3_600_000);
    lost.add(LOST);
    lost.started(1_000, true);
    expect(sumOf(lost.extraCalls)).toBe(0);
  });
});
