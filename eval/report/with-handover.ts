import type { EvalResults } from "../results.ts";
import { setsOf } from "./sets.ts";
import { type Spread, spreadOver, wholeAverage } from "./spread.ts";
import {
  nameInHalf,
  ofHandoverGaps,
  overFloor,
  overLeastTimer,
  type ScenarioSummary,
  summarize,
  workShare,
} from "./summary.ts";
import { names, numbers, type TableData } from "./table-data.ts";
import { countText, finePercentText, isKnown, mibText, signedPercentText } from "./text.ts";
import { setsNote } from "./without-handover.ts";

/** Numbers of a scenario, or means over a set of scenarios, with handover. Sizes are allocated and retired. */
export interface LosslessNumbers {
  readonly neverBytes: number;
  readonly ratioBytes: number;
  readonly timer60Bytes: number;
  readonly timer20Bytes: number;
  readonly timer5Bytes: number;
  readonly heldBytes: number;
  readonly floorBytes: number;
  readonly overLeastTimer: Spread;
  readonly overFloor: Spread;
  readonly work: Spread;
  readonly restarts: number;
}

export function losslessNumbers(summaries: readonly ScenarioSummary[]): LosslessNumbers {
  const ofGap = (pick: Parameters<typeof ofHandoverGaps>[1]) =>
    wholeAverage(summaries.map((summary) => ofHandoverGaps(summary, pick)));
  return {
    neverBytes: ofGap((gap) => gap.neverBytes),
    ratioBytes: ofGap((gap) => gap.ratioBytes),
    timer60Bytes: ofGap((gap) => gap.timer60Bytes),
    timer20Bytes: ofGap((gap) => gap.timer20Bytes),
    timer5Bytes: ofGap((gap) => gap.timer5Bytes),
    heldBytes: ofGap((gap) => gap.heldBytes),
    floorBytes: ofGap((gap) => gap.floorBytes),
    overLeastTimer: spreadOver(summaries.map(overLeastTimer)),
    overFloor: spreadOver(summaries.map(overFloor)),
    work: spreadOver(summaries.map(workShare)),
    restarts: ofGap((gap) => gap.restarts),
  };
}

/** The scenarios that ran with handover, with `measured`. */
export function losslessSummaries(results: EvalResults): ScenarioSummary[] {
  return summarize(results).filter(({ handoverGaps }) => handoverGaps.some(({ heldBytes }) => isKnown(heldBytes)));
}

export const LOSSLESS_NOTE =
  "held: allocated, and retired until it is collected. floor: live entries in whole pages and the filter's fixed part. " +
  "best timer: the least of restarts every 5, 20 and 60 minutes, whatever they cost. work: moving entries and forcing " +
  "collections, as a share of a core; the budget is 0.01 %. worst: of any single seed.";

/** Memory held with handover, next to blind timers and the floor. */
export function withHandoverData(results: EvalResults): TableData {
  const summaries = losslessSummaries(results);
  const sets = setsOf(summaries);
  return {
    title: "With handover: mean memory held, and what it costs in work",
    columns: [
      ...names("scenario"),
      ...numbers("never", "MiB"),
      ...numbers("ratio", "MiB"),
      ...numbers("timer, MiB", "60 min", "20 min", "5 min"),
      ...numbers("measured", "MiB", "restarts"),
      ...numbers("best timer", "over it", "worst"),
      ...numbers("floor", "MiB", "over it", "worst"),
      ...numbers("work", "mean", "worst"),
    ],
    rows: summaries.map((summary) => cells(nameInHalf(summary), losslessNumbers([summary]))),
    averages: sets.map(({ label, summaries: same }) => cells(label, losslessNumbers(same))),
    note: `${LOSSLESS_NOTE} ${setsNote(sets)}`,
  };
}

function cells(label: string, of: LosslessNumbers): string[] {
  return [
    label,
    mibText(of.neverBytes),
    mibText(of.ratioBytes),
    mibText(of.timer60Bytes),
    mibText(of.timer20Bytes),
    mibText(of.timer5Bytes),
    mibText(of.heldBytes),
    countText(of.restarts),
    signedPercentText(of.overLeastTimer.mean),
    signedPercentText(of.overLeastTimer.worst),
    mibText(of.floorBytes),
    signedPercentText(of.overFloor.mean),
    signedPercentText(of.overFloor.worst),
    finePercentText(of.work.mean),
    finePercentText(of.work.worst),
  ];
}
