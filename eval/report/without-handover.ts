import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { EvalResults } from "../results.ts";
import { greatest } from "./average.ts";
import { type ScenarioSet, setsOf } from "./sets.ts";
import { type Spread, spreadOver, wholeAverage } from "./spread.ts";
import {
  least,
  leastGapClosed,
  ofGaps,
  overOptimum,
  overUptime,
  overWithinShare,
  type ScenarioSummary,
  summarize,
  worstDay,
} from "./summary.ts";
import { names, numbers, type TableData } from "./table-data.ts";
import { isKnown, mibText, percentText, signedPercentText } from "./text.ts";

/** Numbers of a scenario, or means over a set of scenarios, without handover. */
export interface LossyNumbers {
  readonly neverBytes: number;
  readonly ratioBytes: number;
  readonly ratioExtra: number;
  readonly measuredBytes: number;
  readonly measuredExtra: number;
  readonly worstDay: number;
  readonly withinShareBytes: number;
  readonly overWithinShare: Spread;
  readonly overUptime: Spread;
  readonly optimumBytes: number;
  readonly overOptimum: Spread;
  readonly gapClosed: Spread;
}

export function lossyNumbers(summaries: readonly ScenarioSummary[]): LossyNumbers {
  const mean = (pick: (summary: ScenarioSummary) => number | undefined) => wholeAverage(summaries.map(pick));
  const spreads = (pick: (summary: ScenarioSummary) => Spread) => spreadOver(summaries.map(pick));
  const ofGap = (pick: Parameters<typeof ofGaps>[1]) => mean((summary) => ofGaps(summary, pick));
  const neverBytes = ofGap((gap) => gap.neverBytes);
  const measuredBytes = ofGap((gap) => gap.meanAllocatedBytes);
  const optimumBytes = ofGap((gap) => gap.optimumBytes);
  return {
    neverBytes,
    ratioBytes: mean(({ policies }) => policies.get("ratio")?.meanAllocatedBytes),
    ratioExtra: mean(({ policies }) => policies.get("ratio")?.extraOutbound),
    measuredBytes,
    measuredExtra: ofGap((gap) => gap.extraOutbound),
    worstDay: greatest(summaries.map(worstDay)),
    withinShareBytes: ofGap((gap) => gap.withinShareBytes),
    overWithinShare: spreads(overWithinShare),
    overUptime: spreads(overUptime),
    optimumBytes,
    overOptimum: spreads(overOptimum),
    gapClosed: {
      // Of the sums: a scenario in which there is little to gain counts little.
      mean:
        neverBytes - optimumBytes >= LEAST_GAP_BYTES
          ? (neverBytes - measuredBytes) / (neverBytes - optimumBytes)
          : Number.NaN,
      worst: least(summaries.map(leastGapClosed)),
    },
  };
}

/** Less to gain is chance. */
const LEAST_GAP_BYTES = 0.1 * PAGE_BYTES;

/** The scenarios that ran without handover, with `measured`. */
export function lossySummaries(results: EvalResults): ScenarioSummary[] {
  return summarize(results).filter(({ gaps }) => gaps.some(({ meanAllocatedBytes }) => isKnown(meanAllocatedBytes)));
}

export const LOSSY_NOTE =
  "extra: outbound calls over those of never. worst day: the same in the worst rolling 24 hours of any seed. timer " +
  "within the share: the restart at a fixed age that holds least and costs no more than the operator allows, or never. " +
  "optimum: exact, knows the whole future, at the extra calls of measured. timer at equal calls: at the extra calls of " +
  "measured. gap closed: what measured saves over never, as a share of what the optimum saves. worst, least: of any " +
  "single seed.";

/** Memory and its price without handover, next to the opponents. */
export function withoutHandoverData(results: EvalResults): TableData {
  const summaries = lossySummaries(results);
  const sets = setsOf(summaries);
  return {
    title: "Without handover: mean allocated memory, and what it costs in calls",
    columns: [
      ...names("scenario"),
      ...numbers("never", "MiB"),
      ...numbers("ratio", "MiB", "extra"),
      ...numbers("measured", "MiB", "extra", "worst day"),
      ...numbers("timer within share", "MiB", "over it", "worst"),
      ...numbers("timer at equal calls", "over it", "worst"),
      ...numbers("optimum", "MiB", "over it", "worst"),
      ...numbers("gap closed", "mean", "least"),
    ],
    rows: summaries.map((summary) => cells(summary.name, lossyNumbers([summary]))),
    averages: sets.map(({ label, summaries: same }) => cells(label, lossyNumbers(same))),
    note: `${LOSSY_NOTE} ${setsNote(sets)}`,
  };
}

export function setsNote(sets: readonly ScenarioSet[]): string {
  return sets.map(({ about }) => `${about}.`).join(" ");
}

function cells(label: string, of: LossyNumbers): string[] {
  return [
    label,
    mibText(of.neverBytes),
    mibText(of.ratioBytes),
    percentText(of.ratioExtra),
    mibText(of.measuredBytes),
    percentText(of.measuredExtra),
    percentText(of.worstDay),
    mibText(of.withinShareBytes),
    ...both(of.overWithinShare),
    ...both(of.overUptime),
    mibText(of.optimumBytes),
    ...both(of.overOptimum),
    percentText(of.gapClosed.mean),
    percentText(of.gapClosed.worst),
  ];
}

function both({ mean, worst }: Spread): [mean: string, worst: string] {
  return [signedPercentText(mean), signedPercentText(worst)];
}
