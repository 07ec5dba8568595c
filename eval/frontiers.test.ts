import { describe, expect, it } from "vitest";
import { frontiersOf } from "./frontiers.ts";
import type { RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

function row(family: string, policy: string, extraOutbound: number, meanAllocatedBytes: number, seed = 1) {
  return { family, policy, extraOutbound, meanAllocatedBytes, seed } as RunRow & { family: string };
}

function result(rows: CaseResult["rows"]): CaseResult {
  return { info: { name: "a day" } as CaseResult["info"], rows, curves: [] };
}

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

  it("leaves out seeds with which only some of its policies ran", () => {
    const rows = [
      row("measured", "measured", 0.01, 80, 1),
      row("measured", "measured-3%", 0.03, 60, 1),
      row("measured", "measured", 0.01, 20, 2),
    ];
    expect(frontiersOf(result(rows))[0]!.points.map(({ meanAllocatedBytes }) => meanAllocatedBytes)).toEqual([80, 60]);
  });
});
