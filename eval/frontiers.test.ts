import { describe, expect, it } from "vitest";
import { frontiersOf, gapOf } from "./frontiers.ts";
import type { RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

function row(family: string, policy: string, extraOutbound: number, meanAllocatedBytes: number, seed = 1) {
  return { family, policy, extraOutbound, meanAllocatedBytes, seed } as RunRow & { family: string };
}

function result(rows: CaseResult["rows"]): CaseResult {
  return { info: { name: "a day" } as CaseResult["info"], rows, curves: [] };
}

const NEVER = row("never", "never", 0, 100);

describe("a frontier", () => {
  it("averages each point over seeds and sorts the points by extra outbound", () => {
    const rows = [
      row("uptime", "uptime-60min", 0.02, 80, 1),
      row("uptime", "uptime-60min", 0.04, 60, 2),
      row("uptime", "uptime-90min", 0.01, 90, 1),
      row("uptime", "uptime-90min", 0.01, 90, 2),
    ];
    expect(frontiersOf(result(rows))).toEqual([
      {
        scenario: "a day",
        policy: "uptime",
        points: [
          { extraOutbound: 0.01, meanAllocatedBytes: 90 },
          { extraOutbound: expect.closeTo(0.03), meanAllocatedBytes: 70 },
        ],
      },
    ]);
  });
});

describe("the gap to an opponent", () => {
  const at = (extra: number, others: CaseResult["rows"]) =>
    gapOf(result([NEVER, row("measured", "measured", extra, 70), ...others]));

  it("is taken at the same extra outbound, interpolated linearly between points", () => {
    const optimum = [row("optimum", "optimum-1", 0.01, 80), row("optimum", "optimum-2", 0.03, 40)];
    expect(at(0.02, optimum).optimumBytes).toBeCloseTo(60);
    expect(at(0.005, optimum).optimumBytes).toBeCloseTo(90);
  });

  it("ignores a point with more memory for more calls", () => {
    const uptime = [row("uptime", "a", 0.01, 60), row("uptime", "b", 0.02, 75), row("uptime", "c", 0.04, 80)];
    expect(at(0.03, uptime).bestUptimeBytes).toBe(60);
    expect(at(0.5, uptime).bestUptimeBytes).toBe(60);
  });

  it("is the gap to never if there are no extra calls", () => {
    expect(at(0, [row("uptime", "a", 0.01, 60)]).bestUptimeBytes).toBe(100);
    expect(at(-0.001, [row("uptime", "a", 0.01, 60)]).bestUptimeBytes).toBe(100);
  });

  it("is NaN if the opponent did not run", () => {
    expect(at(0.01, []).optimumBytes).toBeNaN();
  });
});
