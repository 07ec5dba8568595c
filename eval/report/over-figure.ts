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
              values: sorted.map(({ scenario, measured }) => ({
                scenario,
                percent: Math.max(0, measured * 100),
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
