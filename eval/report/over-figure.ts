import { type Figure, figureSpec } from "./figure.ts";
import { FAINT_INK, MEASURED_COLOUR, UPTIME_COLOUR } from "./palette.ts";
import { isKnown, signedPercentText } from "./text.ts";

/** Distance of `measured` and of another policy from a bound, by scenario, as shares. */
export interface OverRow {
  readonly scenario: string;
  readonly measured: number;
  readonly other: number;
}

/** Bars for `measured` and ticks for another policy, from the row furthest from the bound. The axis starts at zero. */
export function overFigure(
  rows: readonly OverRow[],
  texts: {
    readonly id: string;
    readonly title: string;
    readonly subtitle: string;
    readonly sentence: string;
    readonly axis: string;
    readonly other: string;
  },
): Figure {
  const percents = rows.flatMap(({ measured, other }) => [measured, other].filter(isKnown)).map((over) => 100 * over);
  const lowest = 1.08 * Math.min(0, ...percents);
  const highest = Math.max(1, ...percents);
  const sorted = rows.toSorted((a, b) => b.measured - a.measured);
  return {
    id: texts.id,
    sentence: texts.sentence,
    spec: figureSpec({
      title: texts.title,
      subtitle: texts.subtitle,
      height: { step: 22 },
      body: {
        encoding: {
          y: {
            field: "scenario",
            type: "nominal",
            sort: sorted.map(({ scenario }) => scenario),
            axis: { title: null, domain: false, ticks: false },
          },
          x: {
            type: "quantitative",
            // Room for the label of the longest bar.
            scale: { domainMin: lowest, domainMax: 1.1 * highest, nice: false },
            axis: { title: texts.axis, tickCount: 8, domain: false, ticks: false },
          },
        },
        layer: [
          {
            data: {
              values: sorted.map(({ scenario, measured }) => ({
                scenario,
                percent: measured * 100,
                policy: "measured",
              })),
            },
            mark: { type: "bar", height: 12 },
            encoding: {
              x: { field: "percent" },
              color: {
                field: "policy",
                type: "nominal",
                scale: { domain: ["measured", texts.other], range: [MEASURED_COLOUR, UPTIME_COLOUR] },
                legend: { title: null },
              },
            },
          },
          {
            data: {
              values: sorted
                .filter(({ other }) => isKnown(other))
                .map(({ scenario, other }) => ({ scenario, percent: other * 100, policy: texts.other })),
            },
            mark: { type: "tick", thickness: 3, height: 16, opacity: 1 },
            encoding: { x: { field: "percent" }, color: { field: "policy", type: "nominal" } },
          },
          {
            data: {
              // Beyond the bar and the tick.
              values: sorted.map(({ scenario, measured, other }) => ({
                scenario,
                percent: 100 * Math.max(0, measured, isKnown(other) ? other : 0),
                label: signedPercentText(measured),
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
