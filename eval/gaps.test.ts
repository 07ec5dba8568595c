import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { gapsOf, handoverGapsOf } from "./gaps.ts";
import type { RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

type Row = CaseResult["rows"][number];

function row(
  family: string,
  policy: string,
  extraOutbound: number,
  meanAllocatedBytes: number,
  more: Partial<RunRow> = {},
) {
  return { family, policy, extraOutbound, meanAllocatedBytes, seed: 1, share: 0.01, ...more } as Row;
}

function result(rows: readonly Row[], handover = false): CaseResult {
  return { info: { name: "a day", handover } as CaseResult["info"], rows, curves: [] };
}

const NEVER = row("never", "never", 0, 100);
const at = (extra: number, others: readonly Row[]) =>
  gapsOf(result([NEVER, row("measured", "measured", extra, 70), ...others]))[0]!;

describe("the gap to an opponent at equal spending", () => {
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

describe("the best timer within the operator's share", () => {
  it("holds least of those that cost no more, whatever measured spends", () => {
    const timers = [
      row("uptime", "uptime-20min", 0.02, 40),
      row("uptime", "uptime-60min", 0.01, 60),
      row("uptime", "uptime-90min", 0.005, 65),
    ];
    expect(at(0.001, timers)).toMatchObject({ withinShareBytes: 60, withinSharePolicy: "uptime-60min" });
  });

  it("is never if every timer costs too much, and unknown if none ran", () => {
    expect(at(0.001, [row("uptime", "uptime-20min", 0.02, 40)])).toMatchObject({
      withinShareBytes: 100,
      withinSharePolicy: "never",
    });
    expect(at(0.001, [])).toMatchObject({ withinShareBytes: Number.NaN, withinSharePolicy: "" });
  });
});

describe("the share of the gap closed", () => {
  const pages = (count: number, policy = "never", extra = 0) => row(policy, policy, extra, count * PAGE_BYTES);

  it("is 1 at the optimum, 0 at never", () => {
    const closed = (measured: number) =>
      gapsOf(result([pages(10), pages(measured, "measured", 0.01), pages(6, "optimum", 0.01)]))[0]!.gapClosed;
    expect([closed(6), closed(10), closed(7)]).toEqual([1, 0, 0.75]);
  });

  it("is unknown where the optimum gains less than a page", () => {
    const rows = [pages(10), pages(10, "measured"), pages(9.5, "optimum")];
    expect(gapsOf(result(rows))[0]!.gapClosed).toBeNaN();
  });
});

describe("the gap with handover", () => {
  const held = (policy: string, meanHeldBytes: number, more: Partial<RunRow> = {}) =>
    row(policy, policy, 0, 1, { meanHeldBytes, ...more });

  it("is taken to the least of three timers and to the floor, for each seed, with retired memory", () => {
    const rows = [
      held("never", 100),
      held("measured", 70, { floorBytes: 60, cpuShare: 1e-4, restarts: 9 }),
      held("uptime-5min", 80),
      held("uptime-20min", 75),
      held("uptime-60min", 90),
    ];
    const other = rows.map((each) => ({ ...each, seed: 2, meanHeldBytes: each.meanHeldBytes * 2 }));
    expect(handoverGapsOf(result([...rows, ...other], true))).toMatchObject([
      {
        seed: 1,
        heldBytes: 70,
        leastTimerBytes: 75,
        floorBytes: 60,
        cpuShare: 1e-4,
        restarts: 9,
        ratioBytes: Number.NaN,
      },
      { seed: 2, heldBytes: 140, leastTimerBytes: 150 },
    ]);
    expect(gapsOf(result(rows, true))).toEqual([]);
    expect(handoverGapsOf(result(rows, false))).toEqual([]);
  });
});
