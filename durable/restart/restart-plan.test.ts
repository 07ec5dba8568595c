import { describe, expect, it } from "vitest";
import { type PlanSources, restartPlan } from "./restart-plan.ts";

const PAGE = 65_536;
const sources: PlanSources = {
  handover: true,
  allocatedBytes: 100 * PAGE,
  startBytes: 4 * PAGE,
  requiredBytes: 60 * PAGE,
  baselineBytes: 80 * PAGE,
  liveBytes: undefined,
  priceCalls: 7,
};

describe("the plan of a restart", () => {
  it("goes by what the filter says its live decisions take, where they are handed over", () => {
    expect(restartPlan({ ...sources, liveBytes: 10.5 * PAGE })).toEqual({
      handover: true,
      allocatedBytes: 100 * PAGE,
      freedBytes: 85 * PAGE,
      growsBackToBytes: 80 * PAGE,
      extraCalls: 7,
    });
  });

  it("goes by the estimate where it says nothing", () => {
    expect(restartPlan(sources).freedBytes).toBe(40 * PAGE);
  });

  it("frees all but what an instance starts with where decisions are lost", () => {
    expect(restartPlan({ ...sources, handover: false, liveBytes: 10 * PAGE }).freedBytes).toBe(96 * PAGE);
  });

  it("never frees less than nothing", () => {
    expect(restartPlan({ ...sources, liveBytes: 99 * PAGE }).freedBytes).toBe(0);
  });
});
