import { describe, expect, it } from "vitest";
import { DEFAULT_SETTINGS } from "../../testing/settings.ts";
import { generation, history, samplesOf } from "../testing/build.ts";
import { type PaperEstimate, paperEstimate } from "./paper-estimate.ts";
import { EstimateTrail } from "./trail.ts";

function estimateAt(atMs: number, number = 1): PaperEstimate {
  return paperEstimate(samplesOf([]), history({ current: generation({ number }) }), DEFAULT_SETTINGS, atMs);
}

function trailOf(estimates: readonly PaperEstimate[]): number[] {
  const trail = new EstimateTrail(60_000);
  for (const found of estimates) trail.push(found);
  return trail.all.map(({ atMs }) => atMs);
}

describe("the trail of estimates", () => {
  it("holds the estimates of the last two bins, oldest first", () => {
    expect(trailOf([0, 50_000, 110_000, 170_000].map((atMs) => estimateAt(atMs)))).toEqual([110_000, 170_000]);
  });

  it("stays short however many estimates are added", () => {
    const often = Array.from({ length: 1_000 }, (_, index) => estimateAt(index * 1_000));
    expect(trailOf(often).length).toBeLessThanOrEqual(20);
  });

  it("starts anew with each generation", () => {
    expect(trailOf([estimateAt(0), estimateAt(10_000), estimateAt(10_000, 2)])).toEqual([10_000]);
  });

  it("starts anew when the clock is set back", () => {
    expect(trailOf([50_000, 60_000, 10_000].map((atMs) => estimateAt(atMs)))).toEqual([10_000]);
  });
});
