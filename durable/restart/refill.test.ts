import { expect, it } from "vitest";
import { Refill } from "./refill.ts";
import { estimateOf } from "./testing/situation.ts";

// 50 requests a second, and 1,500 outbound calls in 300 s: one in ten requests.
const estimate = estimateOf({ ttlMs: 300_000, requestsPerSecond: 50, demandCalls: 1_500, lostCalls: 200 });

it("a restart costs the calls in excess of those with a full cache", () => {
  const refill = new Refill(0, estimate, { requests: 1_000, outbound: 100 });
  expect(refill.actualCalls({ requests: 11_000, outbound: 1_400 })).toBeCloseTo(300);
  expect(refill.expectedCalls).toBe(200);
  expect(refill.lastsMs).toBe(300_000);
});

it("a restart of a service without earlier requests costs nothing", () => {
  const refill = new Refill(0, estimateOf({ requestsPerSecond: 0, demandCalls: 0 }), { requests: 0, outbound: 0 });
  expect(refill.actualCalls({ requests: 5, outbound: 5 })).toBe(0);
});
