import { describe, expect, it } from "vitest";
import { NO_LOSSES } from "../estimate/loss-cost.ts";
import { type Loss, type Progress, RestartCost } from "./restart-cost.ts";

const MINUTE_MS = 60_000;
const NONE = NO_LOSSES.extraCalls;
/** Two requests a second, of which one in five asks the authorization server. */
const loss: Loss = {
  atMs: 0,
  ttlMs: 5 * MINUTE_MS,
  debitedCalls: 30,
  lostEntries: [10, 20, 30, 40, 0, 0, 0, 0],
  hitShare: 0.8,
  requestsPerSecond: 2,
  counts: { requests: 1_000, outbound: 200 },
};
const repeats = [25, 0, 0, 0, 0, 0, 0, 0];

/** After a time, with these calls more than at the loss. */
function after(minutes: number, outbound: number, change: Partial<Progress> = {}, requests = 120 * minutes): Progress {
  const { counts, ttlMs } = loss;
  return {
    nowMs: minutes * MINUTE_MS,
    ttlMs,
    counts: { requests: counts.requests + requests, outbound: counts.outbound + outbound },
    repeated: NONE,
    ...change,
  };
}

describe("the cost of a restart", () => {
  it("is unknown until the cache has filled for one TTL", () => {
    const cost = new RestartCost();
    expect(cost.settle(after(1, 30))).toBeUndefined();
    cost.lost(loss);
    expect(cost.settle(after(4.9, 140))).toBeUndefined();
    expect(cost.settle(after(5, 145, { repeated: repeats }))).toEqual({
      correctionCalls: 25 - 30,
      lostEntries: loss.lostEntries,
      extraCalls: repeats,
    });
    expect(cost.settle(after(6, 160))).toBeUndefined();
  });

  it("is known in part if the cache is lost again before", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    const found = cost.settle(after(2.5, 70, { repeated: repeats }), true)!;
    expect(found.correctionCalls).toBe(-5);
    expect(found.lostEntries).toEqual(loss.lostEntries.map((entries) => 0.75 * entries));
  });

  it("is the excess of calls if they do not repeat, spread over the lost entries", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    expect(cost.settle(after(5, 320))).toEqual({
      correctionCalls: expect.closeTo(200 - 30),
      lostEntries: loss.lostEntries,
      extraCalls: [20, 40, 60, 80, 0, 0, 0, 0].map((calls) => expect.closeTo(calls)),
    });
  });

  it.each<[what: string, now: Progress]>([
    ["the TTL has changed", after(5, 320, { ttlMs: MINUTE_MS, repeated: repeats })],
    ["the load has risen", after(5, 320, { repeated: repeats }, 1_200)],
    ["the load has fallen", after(5, 320, { repeated: repeats }, 300)],
  ])("is the repeats alone if %s", (_, now) => {
    const cost = new RestartCost();
    cost.lost(loss);
    expect(cost.settle(now)).toMatchObject({ correctionCalls: -5, extraCalls: repeats });
  });

  it("takes no call for an excess that falling hits explain", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    // A quarter fewer requests, and as many calls as before.
    expect(cost.settle(after(5, 120, { repeated: repeats }, 450))).toMatchObject({ correctionCalls: 25 - 30 });
  });

  it("stays as expected if no repeat is ever seen and the load varies too much for a comparison", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    expect(cost.settle(after(5, 320, {}, 1_200))).toMatchObject({ correctionCalls: 0 });
  });

  it("goes on after the first TTL if entries live longer", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    cost.settle(after(5, 120));
    expect(cost.settle(after(60, 2_200))).toBeUndefined();
    const late = cost.settle(after(85, 120 + 80 * 24 + 480))!;
    expect(late.correctionCalls).toBeCloseTo(480);
    expect(late.lostEntries).toEqual(NO_LOSSES.lostEntries);
    expect(late.extraCalls.reduce((sum, calls) => sum + calls, 0)).toBeCloseTo(480);
    expect(cost.settle(after(200, 10_000), true)).toBeUndefined();
  });

  it("is nothing more afterwards if the calls are as expected", () => {
    const cost = new RestartCost();
    cost.lost(loss);
    cost.settle(after(5, 120));
    expect(cost.settle(after(85, 120 + 80 * 24 + 50), true)).toBeUndefined();
  });
});
