import type { EvalResults } from "../results.ts";
import { average, greatest } from "./average.ts";
import { isHeldToOptimum, measuredExtra, overOptimum, overUptime, savedShare, summarize } from "./summary.ts";
import { besideText, isKnown, percentText, plural, signedPercentText } from "./text.ts";

export interface KeyNumber {
  readonly value: string;
  readonly meaning: string;
}

/** The key numbers at the top of the report. */
export function keyNumbers(results: EvalResults): KeyNumber[] {
  const summaries = summarize(results).filter(isHeldToOptimum);
  return [
    { known: average(summaries.map(savedShare)), text: percentText, meaning: "less memory than never" },
    { known: average(summaries.map(measuredExtra)), text: percentText, meaning: "extra outbound calls for it" },
    {
      known: average(summaries.map(overOptimum)),
      text: signedPercentText,
      meaning: "memory compared with the exact optimum",
    },
    {
      known: average(summaries.map(overUptime)),
      text: signedPercentText,
      meaning: "memory compared with the best uptime",
    },
  ]
    .filter(({ known }) => isKnown(known))
    .map(({ known, text, meaning }) => ({ value: text(known), meaning }));
}

/** The key numbers in a sentence, with the worst case next to the mean. */
export function verdict(results: EvalResults): string {
  const compared = summarize(results).filter((summary) => isHeldToOptimum(summary) && isKnown(overOptimum(summary)));
  if (compared.length === 0) return "No scenario of these results is compared with the optimum.";
  return (
    `Over ${plural(compared.length, "scenario")} (without low traffic and TTLs beyond the cap) measured holds on average ` +
    `${percentText(average(compared.map(savedShare)))} less memory than never, for ` +
    `${percentText(average(compared.map(measuredExtra)))} extra outbound calls (its default share is ` +
    `${percentText(results.settings.extraCallsShare)}). At the same extra calls it is ` +
    `${besideText(average(compared.map(overOptimum)))} the exact optimum (at worst ` +
    `${signedPercentText(greatest(compared.map(overOptimum)))}) and ` +
    `${besideText(average(compared.map(overUptime)))} the best swept uptime (at worst ` +
    `${signedPercentText(greatest(compared.map(overUptime)))}).`
  );
}
