import type { Frontier, Gap, RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

type Point = Frontier["points"][number];
type Row = RunRow & { readonly family: string };

/** One frontier for each family of opponents: points averaged over seeds and sorted by extra outbound. */
export function frontiersOf({ info, rows }: CaseResult): Frontier[] {
  const families = Map.groupBy(rows, ({ family }) => family);
  return [...families].map(([policy, ofFamily]) => {
    const points = [...Map.groupBy(ofFamily, (row) => row.policy).values()].map(
      (same): Point => ({
        extraOutbound: mean(same.map(({ extraOutbound }) => extraOutbound)),
        meanAllocatedBytes: mean(same.map(({ meanAllocatedBytes }) => meanAllocatedBytes)),
      }),
    );
    return { scenario: info.name, policy, points: points.sort((a, b) => a.extraOutbound - b.extraOutbound) };
  });
}

/** Compares `measured` with its opponents at the same extra outbound, for each seed, then averages over seeds. */
export function gapOf({ info, rows }: CaseResult): Gap {
  const gaps = [...Map.groupBy(rows, ({ seed }) => seed).values()].map((ofSeed) => {
    const measured = ofSeed.find(({ policy }) => policy === "measured")!;
    const never = ofSeed.find(({ policy }) => policy === "never")!;
    const { extraOutbound, meanAllocatedBytes } = measured;
    return {
      extraOutbound,
      meanAllocatedBytes,
      neverBytes: never.meanAllocatedBytes,
      optimumBytes: cheapestAt(ofSeed, "optimum", extraOutbound),
      bestUptimeBytes: cheapestAt(ofSeed, "uptime", extraOutbound),
    };
  });
  const over = (of: (gap: (typeof gaps)[number]) => number) => mean(gaps.map(of));
  return {
    scenario: info.name,
    extraOutbound: over((gap) => gap.extraOutbound),
    meanAllocatedBytes: over((gap) => gap.meanAllocatedBytes),
    neverBytes: over((gap) => gap.neverBytes),
    optimumBytes: over((gap) => gap.optimumBytes),
    bestUptimeBytes: over((gap) => gap.bestUptimeBytes),
  };
}

/** The least memory of a family with at most this much extra outbound, interpolated linearly; NaN if it did not run. */
function cheapestAt(rows: readonly Row[], family: string, extraOutbound: number): number {
  const points = rows
    .filter((row) => row.family === family || row.family === "never")
    .map((row) => ({ x: row.extraOutbound, y: row.meanAllocatedBytes }))
    .sort((a, b) => a.x - b.x);
  if (!rows.some((row) => row.family === family)) return Number.NaN;
  let least = Number.POSITIVE_INFINITY;
  let before: { x: number; y: number } | undefined;
  for (const { x, y } of points) {
    if (x > extraOutbound) {
      if (before === undefined || x === before.x) return Math.min(least, y);
      const share = (extraOutbound - before.x) / (x - before.x);
      return Math.min(least, before.y + share * (Math.min(y, before.y) - before.y));
    }
    least = Math.min(least, y);
    before = { x, y: least };
  }
  return least;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
