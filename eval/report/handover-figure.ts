import type { EvalResults } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";
import type { Figure } from "./figure.ts";
import { overFigure } from "./over-figure.ts";
import { isTelling, nameInHalf, ofHandoverGaps, overFloor, overLeastTimer } from "./summary.ts";
import { besideText, isKnown, shownName, signedPercentText } from "./text.ts";
import { losslessSummaries } from "./with-handover.ts";

/** With handover: the distance of `measured` and of the best blind timer from the floor, by scenario. */
export function handoverFigure(results: EvalResults, id: string): Figure | undefined {
  const summaries = losslessSummaries(results).filter(
    (summary) => isTelling(summary) && isKnown(overFloor(summary).mean),
  );
  const rows = summaries
    .map((summary) => ({
      scenario: shownName(nameInHalf(summary)),
      measured: overFloor(summary).mean,
      other:
        quotient(
          ofHandoverGaps(summary, (gap) => gap.leastTimerBytes),
          ofHandoverGaps(summary, (gap) => gap.floorBytes),
        ) - 1,
    }))
    .toSorted((a, b) => b.measured - a.measured);
  if (rows.length === 0) return undefined;
  return overFigure(rows, {
    id,
    title: `With handover, measured holds on average ${besideText(average(rows.map((row) => row.measured)))} the floor`,
    subtitle: "mean held (allocated and retired) over live entries in whole pages, in %, means over seeds",
    sentence:
      `${rows[0]!.scenario} is furthest from the floor, with ${signedPercentText(rows[0]!.measured)}. Measured is at worst ` +
      `${besideText(greatest(summaries.map((summary) => overLeastTimer(summary).worst)))} the best of the timers of 5, ` +
      "20 and 60 minutes, in any scenario and seed.",
    axis: "over the floor, %",
    other: "best of three timers",
  });
}
