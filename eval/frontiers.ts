import type { Frontier, RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

type Point = Frontier["points"][number];

/**
 * One frontier for each family of opponents: points averaged over seeds and sorted by extra outbound. Only seeds with which
 * the whole family ran count, so that all points of a line are means over the same seeds.
 */
export function frontiersOf({ info, rows }: CaseResult): Frontier[] {
  const families = Map.groupBy(rows, ({ family }) => family);
  return [...families].map(([policy, ofFamily]) => {
    const points = [...Map.groupBy(ofWholeSeeds(ofFamily), (row) => row.policy).values()].map(
      (same): Point => ({
        extraOutbound: mean(same.map(({ extraOutbound }) => extraOutbound)),
        meanAllocatedBytes: mean(same.map(({ meanAllocatedBytes }) => meanAllocatedBytes)),
      }),
    );
    return { scenario: info.name, policy, points: points.sort((a, b) => a.extraOutbound - b.extraOutbound) };
  });
}

function ofWholeSeeds(rows: readonly RunRow[]): RunRow[] {
  const bySeed = [...Map.groupBy(rows, ({ seed }) => seed).values()];
  const most = Math.max(...bySeed.map(({ length }) => length));
  return bySeed.filter(({ length }) => length === most).flat();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
