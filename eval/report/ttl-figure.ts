import type { EvalResults } from "../results.ts";
import { type Figure, figureSpec } from "./figure.ts";
import { INK, MEASURED_COLOUR } from "./palette.ts";
import { durationText, factorText, isKnown, plural, shownName } from "./text.ts";
import { ttlQuality } from "./ttl-quality.ts";

const LAST = "last of each run";
const WORST = "furthest off while it counted as measured (as a factor above 1)";
/** The evaluation counts an estimate within this distance of the truth as good. */
const BAND_PERCENT = 10;

/** The error of the estimated TTL, for every scenario in which the TTL became known. */
export function ttlFigure(results: EvalResults, id: string): Figure | undefined {
  const quality = ttlQuality(results);
  const known = quality.filter(({ lastRatio, worstFactor }) => isKnown(lastRatio) || isKnown(worstFactor));
  if (known.length === 0) return undefined;
  const label = new Map(known.map((row) => [row.scenario, shownName(row.scenario)]));
  const values = results.runs
    .filter(({ policy, scenario }) => policy === "measured" && label.has(scenario))
    .flatMap((run) => [
      { scenario: label.get(run.scenario), what: LAST, percent: percentOff(run.ttlRatio) },
      // A change of the TTL puts the estimate off by the change itself, so it says nothing about the estimate.
      ...(run.ttlChanges
        ? []
        : [{ scenario: label.get(run.scenario), what: WORST, percent: percentOff(run.ttlWorstRatio) }]),
    ])
    .filter(({ percent }) => isKnown(percent));
  const last = values.filter(({ what }) => what === LAST);
  const within = last.filter(({ percent }) => Math.abs(percent) <= BAND_PERCENT).length;
  const unknown = quality.length - known.length;
  const changing = new Set(results.runs.filter(({ ttlChanges }) => ttlChanges).map(({ scenario }) => scenario));
  const worst = known
    .filter(({ scenario, worstFactor }) => !changing.has(scenario) && isKnown(worstFactor))
    .toSorted((a, b) => b.worstFactor - a.worstFactor)[0];
  const reach = Math.max(1.5 * BAND_PERCENT, ...values.map(({ percent }) => Math.abs(percent) * 1.05));
  return {
    id,
    sentence:
      (worst === undefined
        ? ""
        : `Where it does not change, the TTL was furthest off while it counted as measured in ` +
          `${shownName(worst.scenario)}: by a factor of ${factorText(worst.worstFactor)} from ${durationText(worst.ttlMs)}. `) +
      (unknown === 0
        ? `It became known in all of ${plural(quality.length, "scenario")}.`
        : `It was never known in ${unknown} of ${plural(quality.length, "scenario")}.`),
    spec: figureSpec({
      title: `The TTL was within ${BAND_PERCENT} % of the truth at the end of ${within} of ${plural(last.length, "run")}`,
      subtitle: "estimated TTL over the true one, in %, by scenario; the band is 10 % either way",
      height: { step: 22 },
      body: {
        layer: [
          {
            data: { values: [{ from: -BAND_PERCENT, to: BAND_PERCENT }] },
            mark: { type: "rect", color: "#eef2f6" },
            encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
          },
          {
            data: { values: [{ at: 0 }] },
            mark: { type: "rule", color: INK, strokeWidth: 1 },
            encoding: { x: { field: "at", type: "quantitative" } },
          },
          {
            data: { values },
            mark: { type: "point", size: 55, opacity: 0.9, strokeWidth: 1.5 },
            encoding: {
              y: {
                field: "scenario",
                type: "nominal",
                sort: [...label.values()],
                axis: { title: null, domain: false, ticks: false, grid: true },
              },
              x: {
                field: "percent",
                type: "quantitative",
                scale: { domain: [-reach, reach], nice: true },
                axis: { title: "off the truth, %", tickCount: 9, domain: false, ticks: false, grid: false },
              },
              color: {
                field: "what",
                type: "nominal",
                scale: { domain: [LAST, WORST], range: [MEASURED_COLOUR, "#777777"] },
                legend: { title: null, labelLimit: 420 },
              },
              shape: {
                field: "what",
                type: "nominal",
                scale: { domain: [LAST, WORST], range: ["circle", "diamond"] },
                legend: { title: null },
              },
            },
          },
        ],
      },
    }),
  };
}

function percentOff(ratio: number | null): number {
  return isKnown(ratio) ? (ratio - 1) * 100 : Number.NaN;
}
