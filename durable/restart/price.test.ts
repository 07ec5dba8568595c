import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queueingFactor } from "./price.ts";

describe("the factor for busy connections", () => {
  it("is one while connections are idle", () => {
    expect(queueingFactor({ requestsPerSecond: 1_000 }, 0)).toBe(1);
  });

  it("rises with the load on the six connections while the cache is empty", () => {
    // 60 requests a second of 50 ms each keep three of six connections busy.
    expect(queueingFactor({ requestsPerSecond: 60 }, 50)).toBeCloseTo(2);
    expect(queueingFactor({ requestsPerSecond: 60 }, 90)).toBeCloseTo(10);
  });

  it("has a maximum, even if the load exceeds the connections", () => {
    expect(queueingFactor({ requestsPerSecond: 1e6 }, 60_000)).toBe(20);
  });

  it("never falls with more load or slower calls", () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, (requestsPerSecond, callMs, more) => {
        const factor = queueingFactor({ requestsPerSecond }, callMs);
        expect(factor).toBeGreaterThanOrEqual(1);
        expect(queueingFactor({ requestsPerSecond: requestsPerSecond + more }, callMs)).toBeGreaterThanOrEqual(factor);
        expect(queueingFactor({ requestsPerSecond }, callMs + more)).toBeGreaterThanOrEqual(factor);
      }),
    );
  });
});
