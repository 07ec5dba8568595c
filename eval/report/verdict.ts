import type { EvalResults } from "../results.ts";
import { average, greatest } from "./average.ts";
import { isHeldToOptimum, measuredExtra, overOptimum, overUptime, savedShare, summarize } from "./summary.ts";
import { besideText, isKnown, percentText, plural, signedPercentText } from "./text.ts";

export interface KeyNumber {
  readonly value: string;
  readonly meaning: string;
}

/** The few numbers at the top of the report. */
export function keyNumbers(results: EvalResults): KeyNumber[] {
  const summaries = summarize(results).filter(isHeldToOptimum);
  return [
    { known: average(summaries.map(savedShare)), text: percentText, meaning: "of the memory of never given back" },
    { known: average(summaries.map(measuredExtra)), text: percentText, meaning: "extra outbound calls for it" },
    {
      known: average(summaries.map(overOptimum)),
      text: signedPercentText,
      meaning: "memory against the exact optimum",
    },
    { known: average(summaries.map(overUptime)), text: signedPercentText, meaning: "memory against the best uptime" },
  ]
    .filter(({ known }) => isKnown(known))
    .map(({ known, text, meaning }) => ({ value: text(known), meaning }));
}

/** The same in words, with the worst case beside the mean. */
export function verdict(results: EvalResults): string {
  const compared = summarize(results).filter((summary) => isHeldToOptimum(summary) && isKnown(overOptimum(summary)));
  if (compared.length === 0) return "These results compare nothing with the optimum.";
  return (
    `Over ${plural(compared.length, "scenario")} (without low traffic and TTLs beyond the cap) measured holds on average ` +
    `${percentText(average(compared.map(savedShare)))} less memory than never, for ` +
    `${percentText(average(compared.map(measuredExtra)))} extra outbound calls; allowed were ` +
    `${percentText(results.settings.extraCallsShare)}. At the same extra calls it is ` +
    `${besideText(average(compared.map(overOptimum)))} the exact optimum (at worst ` +
    `${signedPercentText(greatest(compared.map(overOptimum)))}) and ` +
    `${besideText(average(compared.map(overUptime)))} the best swept uptime (at worst ` +
    `${signedPercentText(greatest(compared.map(overUptime)))}).`
  );
}
