import type { EvalResults } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";
import type { Figure } from "./figure.ts";
import { overFigure } from "./over-figure.ts";
import { isHeldToOptimum, ofGaps, overOptimum, overUptime, summarize } from "./summary.ts";
import { besideText, plural, shownName, signedPercentText } from "./text.ts";

/** Without handover: the distance of `measured` and of the best timer from the optimum at equal calls, by scenario. */
export function gapFigure(results: EvalResults, id: string): Figure | undefined {
  const summaries = summarize(results).filter(isHeldToOptimum);
  const rows = summaries
    .map((summary) => ({
      scenario: shownName(summary.name),
      measured: overOptimum(summary).mean,
      other:
        quotient(
          ofGaps(summary, (gap) => gap.bestUptimeBytes),
          ofGaps(summary, (gap) => gap.optimumBytes),
        ) - 1,
    }))
    .toSorted((a, b) => b.measured - a.measured);
  if (rows.length === 0) return undefined;
  const worst = summaries.map((summary) => overUptime(summary).mean);
  const beaten = worst.filter((over) => over > 0.01).length;
  return overFigure(rows, {
    id,
    title: `Without handover, measured is on average ${besideText(average(rows.map((row) => row.measured)))} the optimum`,
    subtitle: "mean allocated over that of the optimum at equal extra calls, in %, means over seeds",
    sentence:
      `${rows[0]!.scenario} is furthest from the optimum, with ${signedPercentText(rows[0]!.measured)}. At equal calls ` +
      `measured is at worst ${besideText(greatest(worst))} the best timer, and more than 1 % above it in ` +
      `${beaten === 0 ? "none" : beaten} of ${plural(rows.length, "scenario")}.`,
    axis: "over the optimum, %",
    other: "best timer at equal calls",
  });
}
