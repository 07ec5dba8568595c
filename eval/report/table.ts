import type { EvalResults } from "../results.ts";
import { escapeMarkdown } from "./escape.ts";
import { densityData, ttlData } from "./other-tables.ts";
import { setsOf } from "./sets.ts";
import type { Spread } from "./spread.ts";
import { isTelling, nameInHalf, type ScenarioSummary } from "./summary.ts";
import { finePercentText, isKnown, mibText, percentText, signedPercentText, UNKNOWN } from "./text.ts";
import { textTable } from "./text-table.ts";
import { type LosslessNumbers, losslessNumbers, losslessSummaries, withHandoverData } from "./with-handover.ts";
import { type LossyNumbers, lossyNumbers, lossySummaries, withoutHandoverData } from "./without-handover.ts";

/** The tables that a run prints at its end: with and without handover, then the TTL, then density. */
export function headlineTable(results: EvalResults): string {
  const tables = [withHandoverData(results), withoutHandoverData(results), ttlData(results), densityData(results)];
  const filled = tables.filter(({ rows }) => rows.length > 0);
  return filled.length > 0 ? filled.map(textTable).join("\n\n\n") : "No runs: nothing to compare.";
}

/** For docs/evaluation.md: both halves, with one scenario of each workload, then the mean of each set. */
export function markdownTable(results: EvalResults): string {
  const lossless = half(
    [
      "mean held, MiB",
      ...["never", "ratio", "every 60 min", "every 20 min", "every 5 min", "**measured**", "floor"],
      ...["over the best timer (worst)", "over the floor (worst)", "work, of a core (worst)"],
    ],
    losslessSummaries(results),
    (same) => losslessCells(losslessNumbers(same)),
  );
  const lossy = half(
    [
      "mean allocated, MiB",
      ...["never", "ratio (extra)", "**measured** (extra; worst day)", "timer within share", "optimum"],
      ...["over that timer (worst)", "over timer at equal calls (worst)", "over optimum (worst)", "gap closed (least)"],
    ],
    lossySummaries(results),
    (same) => lossyCells(lossyNumbers(same)),
  );
  return ["### With handover", "", ...lossless, "", "### Without handover", "", ...lossy].join("\n");
}

function half(
  head: readonly string[],
  summaries: readonly ScenarioSummary[],
  cells: (same: readonly ScenarioSummary[]) => readonly string[],
): string[] {
  const rows = [
    ...representative(summaries).map((summary) => [escapeMarkdown(shortName(summary)), ...cells([summary])]),
    ...setsOf(summaries).map(({ label, summaries: same }) => [escapeMarkdown(label), ...cells(same)]),
  ];
  return [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`);
}

const USUAL_TTL_MS = 300_000;

/** The built-in filter or a filter from a file, once for each workload, at 300 s if it ran so. */
function representative(summaries: readonly ScenarioSummary[]): ScenarioSummary[] {
  const usual = summaries.filter((summary) => isTelling(summary) || summary.info?.workload === "low");
  return [...Map.groupBy(usual, ({ name, info }) => info?.workload ?? name).values()].map((same) => {
    const ofFilter = same.filter(({ info }) => info?.guest === "built-in" && !info.eviction);
    const candidates = ofFilter.length > 0 ? ofFilter : same;
    return candidates.find(({ info }) => info?.ttlMs === USUAL_TTL_MS) ?? candidates[0]!;
  });
}

/** Most rows are of the built-in filter. */
function shortName(summary: ScenarioSummary): string {
  return nameInHalf(summary).replace(/ built-in$/, "");
}

function losslessCells(of: LosslessNumbers): string[] {
  return [
    ...[of.neverBytes, of.ratioBytes, of.timer60Bytes, of.timer20Bytes, of.timer5Bytes].map(mibText),
    `**${mibText(of.heldBytes)}**`,
    mibText(of.floorBytes),
    spreadText(of.overLeastTimer, signedPercentText),
    spreadText(of.overFloor, signedPercentText),
    spreadText(of.work, finePercentText),
  ];
}

function lossyCells(of: LossyNumbers): string[] {
  return [
    mibText(of.neverBytes),
    isKnown(of.ratioBytes) ? `${mibText(of.ratioBytes)} (${percentText(of.ratioExtra)})` : UNKNOWN,
    `**${mibText(of.measuredBytes)}** (${percentText(of.measuredExtra)}; ${percentText(of.worstDay)})`,
    mibText(of.withinShareBytes),
    mibText(of.optimumBytes),
    spreadText(of.overWithinShare, signedPercentText),
    spreadText(of.overUptime, signedPercentText),
    spreadText(of.overOptimum, signedPercentText),
    spreadText(of.gapClosed, percentText),
  ];
}

/** The mean with the worst run beside it, unless they are the same. */
function spreadText({ mean, worst }: Spread, text: (value: number) => string): string {
  if (!isKnown(mean)) return UNKNOWN;
  return text(mean) === text(worst) ? text(mean) : `${text(mean)} (${text(worst)})`;
}
