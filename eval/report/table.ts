import type { EvalResults } from "../results.ts";
import { type Averages, averageOf, averagesOf } from "./averages.ts";
import { escapeMarkdown } from "./escape.ts";
import { headlineData } from "./headline.ts";
import { densityData, ttlData } from "./other-tables.ts";
import { representatives } from "./representatives.ts";
import { isHeldToOptimum, measuredBytes, type ScenarioSummary, summarize } from "./summary.ts";
import { isKnown, mibText, percentText, plural, signedPercentText, UNKNOWN } from "./text.ts";
import { textTable } from "./text-table.ts";

const README_SCENARIOS = 6;

/** The tables that a run prints at its end: memory and its price, then the TTL, then density. */
export function headlineTable(results: EvalResults): string {
  const tables = [headlineData(results), ttlData(results), densityData(results)];
  const filled = tables.filter(({ rows }) => rows.length > 0);
  return filled.length > 0 ? filled.map(textTable).join("\n\n\n") : "No runs: nothing to compare.";
}

/** For docs/evaluation.md: one scenario of each workload, then the averages. */
export function markdownTable(results: EvalResults): string {
  const summaries = summarize(results);
  const shown = representatives(results)
    .slice(0, README_SCENARIOS)
    .map(({ name }) => summaries.find((summary) => summary.name === name))
    .filter((summary): summary is ScenarioSummary => summary !== undefined && isKnown(measuredBytes(summary)));
  const rows = [
    ...shown.map((summary) => cells(escapeMarkdown(summary.name), averageOf(summary.name, [summary]))),
    ...averagesOf(summaries.filter(isHeldToOptimum))
      .filter(({ overOptimum }) => isKnown(overOptimum))
      .map((averages) =>
        cells(`average of ${escapeMarkdown(averages.label)} (${plural(averages.scenarios, "scenario")})`, averages),
      ),
  ];
  const head = [
    "mean allocated, MiB",
    ...["never", "ratio (extra)", "**measured** (extra)", "best uptime*", "optimum*"],
    ...["measured over optimum", "measured over best uptime"],
  ];
  return [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .concat("", "extra: outbound calls over those of `never`. \\* at the extra outbound calls of `measured`")
    .join("\n");
}

function cells(label: string, of: Averages): string[] {
  return [
    label,
    mibText(of.neverBytes),
    withPrice(of.ratioBytes, of.ratioExtra),
    `**${mibText(of.measuredBytes)}** (${percentText(of.measuredExtra)})`,
    mibText(of.uptimeBytes),
    mibText(of.optimumBytes),
    signedPercentText(of.overOptimum),
    signedPercentText(of.overUptime),
  ];
}

function withPrice(bytes: number, extraOutbound: number): string {
  return isKnown(bytes) ? `${mibText(bytes)} (${percentText(extraOutbound)})` : UNKNOWN;
}
