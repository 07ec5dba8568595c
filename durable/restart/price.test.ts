import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queueingFactor } from "./price.ts";

const calls = (meanMs: number, concurrency = 6) => ({ meanMs, concurrency });

describe("the factor for busy connections", () => {
  it("is one while connections are idle", () => {
    expect(queueingFactor({ requestsPerSecond: 1_000 }, calls(0))).toBe(1);
  });

  it("rises with the load on the places of calls while the cache is empty", () => {
    // 60 requests a second of 50 ms each keep three of six places busy, and of 64 a twentieth.
    expect(queueingFactor({ requestsPerSecond: 60 }, calls(50))).toBeCloseTo(2);
    expect(queueingFactor({ requestsPerSecond: 60 }, calls(50, 64))).toBeCloseTo(1.05, 1);
    expect(queueingFactor({ requestsPerSecond: 60 }, calls(90))).toBeCloseTo(10);
  });

  it("has a maximum, even if the load exceeds the connections", () => {
    expect(queueingFactor({ requestsPerSecond: 1e6 }, calls(60_000))).toBe(20);
  });

  it("never falls with more load or slower calls", () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, (requestsPerSecond, meanMs, more) => {
        const factor = queueingFactor({ requestsPerSecond }, calls(meanMs));
        expect(factor).toBeGreaterThanOrEqual(1);
        expect(queueingFactor({ requestsPerSecond: requestsPerSecond + more }, calls(meanMs))).toBeGreaterThanOrEqual(
          factor,
        );
        expect(queueingFactor({ requestsPerSecond }, calls(meanMs + more))).toBeGreaterThanOrEqual(factor);
      }),
    );
  });
});
