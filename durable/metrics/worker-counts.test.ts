import { describe, expect, it } from "vitest";
import { noCounts } from "./counters.ts";
import { noOutcomes, occurredOutcomes } from "./outcomes.ts";
import { addWorkerCounts, readWorkerCounts } from "./worker-counts.ts";

describe("counts of the Worker's isolates", () => {
  it("are requests, each with one outcome", () => {
    const [counters, outcomes] = [noCounts(), noOutcomes()];
    addWorkerCounts(counters, outcomes, {
      ...{ edgeHits: 5, decided: 4, decidedFromKept: 3, decidedByRule: 1 },
      ...{ refusedEarly: 2, noRule: 7, reportOnly: 9, "undecided:keys_unavailable": 6 },
    });
    expect(counters).toMatchObject({
      requests: 24,
      hits: 8,
      edgeHits: 5,
      verified: 4,
      refusedEarly: 9,
      undecided: 6,
      reportOnly: 9,
    });
    expect(occurredOutcomes(outcomes)).toEqual({
      allowed: { isolate: 5, token: 3 },
      refused: { credential: 2, rule: 8 },
      undecided: { keys_unavailable: 6 },
    });
  });

  it("of an unknown name are left out; what is no count is refused", () => {
    expect(readWorkerCounts({ edgeHits: 1, later: 2, "undecided:new_reason": 3 })).toEqual({ edgeHits: 1 });
    for (const bad of [-1, 0.5, "1", null, Number.NaN]) {
      expect(() => readWorkerCounts({ edgeHits: bad })).toThrow("edgeHits");
    }
  });
});
