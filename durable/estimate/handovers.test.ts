import { describe, expect, it } from "vitest";
import { Handovers } from "./handovers.ts";

describe("handovers", () => {
  it("teach by how much fresh instances are larger than predicted", () => {
    const handovers = new Handovers();
    for (let n = 0; n < 30; n += 1) handovers.tookOver({ callsInTtl: 100, startBytes: 1_100, predictedBytes: 1_000 });
    expect(handovers.errorBytes).toBeCloseTo(100, 1);
  });

  it("teach nothing while the prediction is unknown, as during a change of the TTL", () => {
    const handovers = new Handovers();
    handovers.tookOver({ callsInTtl: 100, startBytes: 1_100, predictedBytes: undefined });
    expect(handovers.errorBytes).toBe(0);
  });

  it("have their error forgotten when the TTL changes", () => {
    const handovers = new Handovers();
    handovers.tookOver({ callsInTtl: 100, startBytes: 2_000, predictedBytes: 1_000 });
    handovers.forgetError();
    expect(handovers.errorBytes).toBe(0);
  });

  it("tell when calls have clearly fallen since the last one, and not after a start without entries", () => {
    const handovers = new Handovers();
    expect(handovers.haveCallsFallen(0)).toBe(false);
    handovers.tookOver({ callsInTtl: 100, startBytes: 0, predictedBytes: undefined });
    expect([81, 79].map((calls) => handovers.haveCallsFallen(calls))).toEqual([false, true]);
    handovers.emptied();
    expect(handovers.haveCallsFallen(0)).toBe(false);
  });
});
