import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { type PlanSources, restartPlan } from "./restart-plan.ts";

const sources: PlanSources = {
  handover: true,
  allocatedBytes: 100 * PAGE_BYTES,
  startBytes: 4 * PAGE_BYTES,
  requiredBytes: 60 * PAGE_BYTES,
  baselineBytes: 80 * PAGE_BYTES,
  liveBytes: undefined,
  priceCalls: 7,
};

describe("the plan of a restart", () => {
  it("uses the filter's count of live bytes if decisions are handed over", () => {
    expect(restartPlan({ ...sources, liveBytes: 10.5 * PAGE_BYTES })).toEqual({
      handover: true,
      allocatedBytes: 100 * PAGE_BYTES,
      freedBytes: 85 * PAGE_BYTES,
      growsBackToBytes: 80 * PAGE_BYTES,
      extraCalls: 7,
    });
  });

  it("uses the estimate if the filter reports no live bytes", () => {
    expect(restartPlan(sources).freedBytes).toBe(40 * PAGE_BYTES);
  });

  it("frees all but the start size if decisions are lost", () => {
    expect(restartPlan({ ...sources, handover: false, liveBytes: 10 * PAGE_BYTES }).freedBytes).toBe(96 * PAGE_BYTES);
  });

  it("never frees a negative number of bytes", () => {
    expect(restartPlan({ ...sources, liveBytes: 99 * PAGE_BYTES }).freedBytes).toBe(0);
  });
});
