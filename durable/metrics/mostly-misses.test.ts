import { describe, expect, it } from "vitest";
import { type Counters, noCounts } from "./counters.ts";
import { ENOUGH_MS, ENOUGH_REQUESTS, MostlyMisses } from "./mostly-misses.ts";

const START_MS = 1_790_000_000_000;

/** What is said of an object that has counted so much since its start. */
function judged(counts: Partial<Counters>, afterMs = ENOUGH_MS, before: Partial<Counters> = {}) {
  const counters = { ...noCounts(), ...before };
  const told: [number, number][] = [];
  const misses = new MostlyMisses(counters, START_MS, (requests, hits) => told.push([requests, hits]));
  for (const name of Object.keys(counts) as (keyof Counters)[]) counters[name] += counts[name] ?? 0;
  misses.note(START_MS + afterMs);
  misses.note(START_MS + afterMs);
  return { isTrue: misses.isTrue(START_MS + afterMs), told };
}

const misses = { requests: 2_000, hits: 100, outbound: 1_900 };
const no = { isTrue: false, told: [] };

describe("nearly every request is a miss", () => {
  it("if enough requests found so few decisions; it is told once", () => {
    expect(judged(misses)).toEqual({ isTrue: true, told: [[2_000, 100]] });
  });

  it("is not said too early: a fresh cache misses everything", () => {
    expect(judged(misses, ENOUGH_MS - 1)).toEqual(no);
    expect(judged({ requests: ENOUGH_REQUESTS - 1, outbound: ENOUGH_REQUESTS - 1 })).toEqual(no);
    expect(judged({ requests: ENOUGH_REQUESTS, outbound: ENOUGH_REQUESTS }).isTrue).toBe(true);
  });

  it("is not said if a fifth are hits", () => {
    expect(judged({ ...misses, hits: 400, outbound: 1_600 })).toEqual(no);
  });

  it("is not said where the replies forbid to keep them: that has a message of its own", () => {
    expect(judged({ ...misses, forbiddenToKeep: 1_900 })).toEqual(no);
  });

  it("is not said of requests that got no decision, waited for one call, or passed undecided", () => {
    expect(judged({ ...misses, refusedEarly: 1_500 })).toEqual(no);
    expect(judged({ ...misses, undecided: 1_500 })).toEqual(no);
    expect(judged({ ...misses, outbound: 100 })).toEqual(no);
  });

  it("counts from the object's start, not from what was stored before", () => {
    expect(judged(misses, ENOUGH_MS, { requests: 1e6, hits: 9e5, outbound: 1e5 }).isTrue).toBe(true);
    expect(judged({}, ENOUGH_MS, { requests: 1e6, hits: 0, outbound: 1e6 })).toEqual(no);
  });

  it("is not said for good: later hits end it", () => {
    const counters = noCounts();
    const found = new MostlyMisses(counters, START_MS, () => {});
    Object.assign(counters, misses);
    expect(found.isTrue(START_MS + ENOUGH_MS)).toBe(true);
    counters.requests += 2_000;
    counters.hits += 2_000;
    expect(found.isTrue(START_MS + ENOUGH_MS)).toBe(false);
  });
});
