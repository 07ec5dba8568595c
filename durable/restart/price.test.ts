import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restartPrice } from "./price.ts";

const idle = { lostCalls: 100, requestsPerSecond: 1 };

describe("the price of a restart", () => {
  it("is the number of lost calls while connections are idle", () => {
    expect(restartPrice(idle, false, 0)).toBe(100);
  });

  it("rises with the load on the six connections while the cache is empty", () => {
    // 60 requests a second of 50 ms each keep three of six connections busy.
    expect(restartPrice({ lostCalls: 100, requestsPerSecond: 60 }, false, 50)).toBeCloseTo(200);
    expect(restartPrice({ lostCalls: 100, requestsPerSecond: 60 }, false, 90)).toBeCloseTo(1_000);
  });

  it("has a maximum, even if the load exceeds the connections", () => {
    expect(restartPrice({ lostCalls: 100, requestsPerSecond: 1e6 }, false, 60_000)).toBe(2_000);
  });

  it("is a hundredth of the lost calls if the filter hands its entries over, however slow the calls", () => {
    expect(restartPrice({ lostCalls: 100, requestsPerSecond: 1e6 }, true, 60_000)).toBe(1);
  });

  it("is never less than the lost calls, and never falls with more load or slower calls", () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, amount, (lostCalls, requestsPerSecond, callMs, more) => {
        const price = restartPrice({ lostCalls, requestsPerSecond }, false, callMs);
        expect(price).toBeGreaterThanOrEqual(lostCalls);
        expect(
          restartPrice({ lostCalls, requestsPerSecond: requestsPerSecond + more }, false, callMs),
        ).toBeGreaterThanOrEqual(price);
        expect(restartPrice({ lostCalls, requestsPerSecond }, false, callMs + more)).toBeGreaterThanOrEqual(price);
      }),
    );
  });
});
