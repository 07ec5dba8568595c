import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutboundCurve } from "./outbound-curve.ts";
import { CANDIDATES, ttlGrid } from "./ttl-grid.ts";
import { TtlWindows } from "./ttl-windows.ts";

interface Row {
  readonly timeMs: number;
  readonly calls: number;
}

function windowsOf(grid: Float64Array, startMs: number, rows: readonly Row[]): TtlWindows {
  const curve = new OutboundCurve(startMs);
  const windows = new TtlWindows(grid);
  for (const { timeMs, calls } of rows) {
    curve.push(timeMs, calls, calls);
    windows.update(curve);
  }
  return windows;
}

/** Calls in (endMs - ttlMs, endMs], counted directly from all rows. */
function counted(startMs: number, rows: readonly Row[], ttlMs: number): number {
  const endMs = rows.at(-1)?.timeMs ?? startMs;
  let sum = 0;
  for (const [index, { timeMs, calls }] of rows.entries()) {
    const fromMs = rows[index - 1]?.timeMs ?? startMs;
    const cutMs = Math.min(timeMs, Math.max(fromMs, endMs - ttlMs));
    sum += timeMs > fromMs ? (calls * (timeMs - cutMs)) / (timeMs - fromMs) : timeMs > endMs - ttlMs ? calls : 0;
  }
  return sum;
}

describe("the grid of candidate TTLs", () => {
  it("reaches from two sample intervals to four times the cap, in equal ratios of at most 6 %", () => {
    const grid = ttlGrid(10_000, 600_000);
    expect(grid[0]).toBe(20_000);
    expect(grid[CANDIDATES - 1]).toBeCloseTo(2_400_000);
    for (let c = 1; c < CANDIDATES; c += 1) expect(grid[c]! / grid[c - 1]!).toBeLessThan(1.06);
  });

  it("reaches no further than the sample buffer, but always to the cap", () => {
    expect(ttlGrid(10_000, 7_200_000).at(-1)).toBeCloseTo(10_230_000);
    expect(ttlGrid(10_000, 86_400_000).at(-1)).toBeCloseTo(86_400_000);
    expect(ttlGrid(10_000, 15_000)[0]).toBe(15_000);
  });
});

describe("the windows of all candidate TTLs", () => {
  it("hold the calls of the last TTL and their maximum", () => {
    const grid = new Float64Array(CANDIDATES).fill(20_000);
    const rows = [50, 30, 10, 5].map((calls, index) => ({ timeMs: (index + 1) * 10_000, calls }));
    const windows = windowsOf(grid, 0, rows);
    expect([windows.now[0], windows.max[0], windows.maxBefore[0]]).toEqual([15, 80, 80]);
    const rising = windowsOf(grid, 0, rows.slice(0, 2));
    expect([rising.now[0], rising.max[0], rising.maxBefore[0]]).toEqual([80, 80, 50]);
  });

  it("agree with a direct count for any samples", () => {
    const grid = ttlGrid(10_000, 600_000);
    const anyRow = fc.record({ gapMs: fc.integer({ min: 1, max: 90_000 }), calls: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 60 }), (given) => {
        let timeMs = 1_000;
        const rows = given.map(({ gapMs, calls }) => {
          timeMs += gapMs;
          return { timeMs, calls };
        });
        const windows = windowsOf(grid, 1_000, rows);
        for (const c of [0, 17, 48, CANDIDATES - 1]) {
          expect(windows.now[c]).toBeCloseTo(counted(1_000, rows, grid[c]!), 6);
          const greatest = Math.max(...rows.map((_, end) => counted(1_000, rows.slice(0, end + 1), grid[c]!)));
          expect(windows.max[c]).toBeCloseTo(greatest, 6);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("hold more calls for a longer TTL, and never a negative number, even if the clock is set back", () => {
    const grid = ttlGrid(10_000, 600_000);
    const anyRow = fc.record({ timeMs: fc.nat(2_000_000), calls: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 60 }), (rows) => {
        const { now, max } = windowsOf(grid, 0, rows);
        for (let c = 0; c < CANDIDATES; c += 1) {
          expect(now[c]).toBeGreaterThanOrEqual(0);
          expect(max[c]).toBeGreaterThanOrEqual(now[c]!);
          if (c > 0) expect(now[c]! - now[c - 1]!).toBeGreaterThan(-1e-6);
        }
      }),
    );
  });
});
