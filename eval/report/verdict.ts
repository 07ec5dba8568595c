import type { EvalResults } from "../results.ts";
import { setCounts } from "./sets.ts";
import { isHeldToOptimum, isTelling } from "./summary.ts";
import { besideText, finePercentText, isKnown, percentText, plural, signedPercentText } from "./text.ts";
import { losslessNumbers, losslessSummaries } from "./with-handover.ts";
import { lossyNumbers, lossySummaries } from "./without-handover.ts";

export interface KeyNumber {
  readonly value: string;
  readonly meaning: string;
}

/** The key numbers at the top of the report. The scenarios behind them are those of `verdict`. */
export function keyNumbers(results: EvalResults): KeyNumber[] {
  const lossless = losslessNumbers(losslessSummaries(results).filter(isTelling));
  const lossy = lossyNumbers(lossySummaries(results).filter(isHeldToOptimum));
  return [
    { known: lossless.overLeastTimer.mean, meaning: "with handover: memory held over the best timer" },
    { known: lossless.overFloor.mean, meaning: "with handover: memory held over the floor" },
    { known: lossy.overWithinShare.mean, meaning: "without: memory over the best timer within the operator's share" },
    { known: lossy.overOptimum.mean, meaning: "without: memory over the exact optimum at equal calls" },
  ]
    .filter(({ known }) => isKnown(known))
    .map(({ known, meaning }) => ({ value: signedPercentText(known), meaning }));
}

/** The key numbers in sentences, each with the worst single run beside the mean. */
export function verdict(results: EvalResults): string {
  return [withHandover(results), withoutHandover(results)].join(" ");
}

function withHandover(results: EvalResults): string {
  const compared = losslessSummaries(results).filter(isTelling);
  const { overLeastTimer, overFloor, work } = losslessNumbers(compared);
  if (!isKnown(overFloor.mean)) return "No scenario of these results is compared with handover.";
  return (
    `With handover, over ${plural(compared.length, "scenario")} (${setCounts(compared)}), measured holds on average ` +
    `${besideText(overLeastTimer.mean)} the best of three timers (at worst ${signedPercentText(overLeastTimer.worst)}) and ` +
    `${besideText(overFloor.mean)} the floor (at worst ${signedPercentText(overFloor.worst)}), for ` +
    `${finePercentText(work.mean)} of a core (at most ${finePercentText(work.worst)}).`
  );
}

function withoutHandover(results: EvalResults): string {
  const compared = lossySummaries(results).filter(isHeldToOptimum);
  if (compared.length === 0) return "No scenario of these results is compared with the optimum.";
  const { overOptimum, overWithinShare, measuredExtra, gapClosed } = lossyNumbers(compared);
  return (
    `Without handover, over ${plural(compared.length, "scenario")} (${setCounts(compared)}), measured costs on average ` +
    `${percentText(measuredExtra)} extra outbound calls (its default share is ` +
    `${percentText(results.settings.extraCallsShare)}). It holds ${besideText(overWithinShare.mean)} the best timer within ` +
    `that share (at worst ${signedPercentText(overWithinShare.worst)}) and ${besideText(overOptimum.mean)} the exact ` +
    `optimum at its own extra calls (at worst ${signedPercentText(overOptimum.worst)})` +
    (isKnown(gapClosed.mean)
      ? `, and closes ${percentText(gapClosed.mean)} of the gap between never and that optimum.`
      : ".")
  );
}
