import type { EvalResults } from "../results.ts";
import { type Averages, averageOf, averagesOf } from "./averages.ts";
import { type ScenarioSummary, summarize } from "./summary.ts";
import { names, numbers, type TableData } from "./table-data.ts";
import { countText, mibText, percentText, plural, signedPercentText } from "./text.ts";

/** Memory and its price for each scenario, next to the opponents at the same price. */
export function headlineData(results: EvalResults): TableData {
  const summaries = summarize(results);
  return {
    title: "Mean allocated memory and its price",
    columns: [
      ...names("scenario"),
      ...numbers("never", "MiB"),
      ...numbers("measured", "MiB", "extra", "restarts"),
      ...numbers("ratio", "MiB", "extra", "restarts"),
      ...numbers("at equal extra, MiB", "best uptime", "optimum"),
      ...numbers("measured over", "optimum", "best uptime"),
    ],
    rows: summaries.map((summary) => cells(summary.name, scenarioNumbers(summary))),
    averages: averagesOf(summaries).map((averages) =>
      cells(`average of ${averages.label} (${plural(averages.scenarios, "scenario")})`, averages),
    ),
    note:
      `extra: outbound calls over those of never. best uptime, optimum: the best swept maximum uptime, and the ` +
      `exact optimum, which knows the whole future, both at the extra outbound of measured. ` +
      `Means of ${plural(results.settings.seeds.length, "seed")}.`,
  };
}

function scenarioNumbers(summary: ScenarioSummary): Averages {
  return averageOf(summary.name, [summary]);
}

function cells(label: string, of: Averages): string[] {
  return [
    label,
    mibText(of.neverBytes),
    mibText(of.measuredBytes),
    percentText(of.measuredExtra),
    countText(of.measuredRestarts),
    mibText(of.ratioBytes),
    percentText(of.ratioExtra),
    countText(of.ratioRestarts),
    mibText(of.uptimeBytes),
    mibText(of.optimumBytes),
    signedPercentText(of.overOptimum),
    signedPercentText(of.overUptime),
  ];
}
