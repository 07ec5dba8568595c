import type { EvalResults } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";
import { type Figure, figureSpec } from "./figure.ts";
import { FAINT_INK, MEASURED_COLOUR, UPTIME_COLOUR } from "./palette.ts";
import { isHeldToOptimum, overOptimum, overUptime, summarize } from "./summary.ts";
import { besideText, isKnown, plural, shownName, signedPercentText } from "./text.ts";

const UPTIME = "best swept uptime";

/** The distance of `measured` and of the best uptime from the optimum, by scenario. */
export function gapFigure(results: EvalResults, id: string): Figure | undefined {
  const rows = summarize(results)
    .filter(isHeldToOptimum)
    .map((summary) => ({
      scenario: shownName(summary.name),
      over: overOptimum(summary),
      overUptime: overUptime(summary),
      uptime: quotient(summary.gap?.bestUptimeBytes, summary.gap?.optimumBytes) - 1,
    }))
    .filter(({ over }) => isKnown(over))
    .toSorted((a, b) => b.over - a.over);
  if (rows.length === 0) return undefined;
  const beaten = rows.filter(({ overUptime }) => overUptime > 0.01).length;
  const y = {
    field: "scenario",
    type: "nominal",
    sort: rows.map(({ scenario }) => scenario),
    axis: { title: null, domain: false, ticks: false },
  };
  return {
    id,
    sentence:
      `${rows[0]!.scenario} is furthest from the optimum, with ${signedPercentText(rows[0]!.over)}. Measured is at ` +
      `worst ${besideText(greatest(rows.map((row) => row.overUptime)))} the best swept uptime, and ` +
      `more than 1 % above it in ${beaten === 0 ? "none" : beaten} of ${plural(rows.length, "scenario")}.`,
    spec: figureSpec({
      title: `Measured is on average ${besideText(average(rows.map(({ over }) => over)))} the optimum`,
      subtitle: "mean allocated over that of the optimum at equal extra outbound, in %, by scenario",
      height: { step: 22 },
      body: {
        encoding: {
          y,
          x: {
            type: "quantitative",
            axis: { title: "over the optimum, %", tickCount: 8, domain: false, ticks: false },
          },
        },
        layer: [
          {
            data: { values: rows.map(({ scenario, over }) => ({ scenario, percent: over * 100, policy: "measured" })) },
            mark: { type: "bar", height: 12 },
            encoding: {
              x: { field: "percent" },
              color: {
                field: "policy",
                type: "nominal",
                scale: { domain: ["measured", UPTIME], range: [MEASURED_COLOUR, UPTIME_COLOUR] },
                legend: { title: null },
              },
            },
          },
          {
            data: {
              values: rows
                .filter(({ uptime }) => isKnown(uptime))
                .map(({ scenario, uptime }) => ({ scenario, percent: uptime * 100, policy: UPTIME })),
            },
            mark: { type: "tick", thickness: 3, height: 16, opacity: 1 },
            encoding: { x: { field: "percent" }, color: { field: "policy", type: "nominal" } },
          },
          {
            data: {
              values: rows.map(({ scenario, over }) => ({
                scenario,
                percent: Math.max(0, over * 100),
                label: signedPercentText(over),
              })),
            },
            mark: { type: "text", align: "left", dx: 5, fontSize: 11, color: FAINT_INK },
            encoding: { x: { field: "percent" }, text: { field: "label" } },
          },
        ],
      },
    }),
  };
}
