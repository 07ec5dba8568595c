import type { EvalResults } from "../results.ts";
import { greatest } from "./average.ts";
import { type Figure, figureSpec, NOT_FROM_ZERO } from "./figure.ts";
import { familyOf, inOrder, styleOf } from "./palette.ts";
import { ofGaps, overOptimum, overUptime, type ScenarioSummary, summarize } from "./summary.ts";
import { besideText, isKnown, mibText, percentText, shownName, toMib } from "./text.ts";

/** Policies drawn as single points; swept policies are lines. */
const POINTS = ["never", "ratio", "oracle", "measured"];
/** Readings of the paper are two policies, not points of one line. */
const READINGS = "ratio";
const TICKS_PERCENT = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
/** The axis is linear below this value, so that it can show 0, the price of `never`. */
const LINEAR_BELOW_PERCENT = 0.2;
const MIN_WIDTH_PERCENT = 2;

interface Point {
  readonly policy: string;
  readonly percent: number;
  readonly mib: number;
}

/** Memory against its price. Further left and further down is better; nothing can be below the optimum. */
export function frontierFigure(results: EvalResults, scenario: string, id: string): Figure | undefined {
  const summary = summarize(results).find(({ name }) => name === scenario);
  const swept = sweptPoints(results, scenario);
  const single = singlePoints(summary, swept);
  if (swept.length + single.length < 2) return undefined;
  const endPercent = 1.25 * greatest([MIN_WIDTH_PERCENT, ...single.map(({ percent }) => percent)]);
  const shown = swept.filter(({ percent }) => percent <= endPercent);
  const order = inOrder([...shown, ...single].map(({ policy }) => policy));
  const scaled = (pick: (policy: string) => unknown) => ({
    field: "policy",
    type: "nominal",
    scale: { domain: order, range: order.map(pick) },
    legend: { title: null },
  });
  const colour = scaled((policy) => styleOf(policy).colour);
  const shape = scaled((policy) => styleOf(policy).shape);
  return {
    id,
    sentence: summary ? sentence(summary) : "",
    spec: figureSpec({
      title: summary ? title(summary) : "Memory and its price",
      subtitle: `${shownName(scenario)}: mean allocated in MiB against extra outbound calls in %; left and below is better`,
      height: 400,
      body: {
        encoding: {
          x: {
            field: "percent",
            type: "quantitative",
            scale: { type: "symlog", constant: LINEAR_BELOW_PERCENT, domain: [0, endPercent], nice: false },
            axis: {
              title: "extra outbound calls, %",
              values: TICKS_PERCENT.filter((percent) => percent <= endPercent),
              grid: false,
            },
          },
          y: {
            field: "mib",
            type: "quantitative",
            scale: { zero: false, nice: true },
            axis: { title: `mean allocated, MiB (${NOT_FROM_ZERO})`, tickCount: 6, domain: false, ticks: false },
          },
          color: colour,
        },
        layer: [
          {
            data: { values: shown },
            mark: { type: "line", strokeWidth: 1.5, interpolate: "linear" },
            encoding: { detail: { field: "policy" }, order: { field: "percent" } },
          },
          {
            data: { values: shown },
            mark: { type: "point", filled: true, size: 40, opacity: 1 },
            encoding: { shape },
          },
          {
            data: { values: single },
            mark: { type: "point", filled: true, size: 150, opacity: 1, stroke: "white", strokeWidth: 1 },
            encoding: { shape },
          },
          {
            data: { values: single.filter(({ policy }) => policy === "measured") },
            mark: { type: "text", align: "left", dx: 11, dy: -9, fontSize: 12, fontWeight: 600 },
            encoding: { text: { field: "policy" } },
          },
        ],
      },
    }),
  };
}

function sweptPoints(results: EvalResults, scenario: string): Point[] {
  return results.frontiers
    .filter((frontier) => frontier.scenario === scenario && frontier.policy !== READINGS)
    .flatMap(({ policy, points }) =>
      points.map(({ extraOutbound, meanAllocatedBytes }) => pointOf(policy, extraOutbound, meanAllocatedBytes)),
    )
    .filter(isWhole)
    .toSorted((a, b) => a.percent - b.percent);
}

/** Points from the runs. A policy that was also swept has none, except `measured` with its default share. */
function singlePoints(summary: ScenarioSummary | undefined, swept: readonly Point[]): Point[] {
  const runs = [...(summary?.policies.values() ?? [])].filter(({ policy }) => POINTS.includes(familyOf(policy)));
  return runs
    .filter(({ policy }) => policy === "measured" || !swept.some((point) => point.policy === familyOf(policy)))
    .map(({ policy, extraOutbound, meanAllocatedBytes }) => pointOf(policy, extraOutbound, meanAllocatedBytes))
    .filter(isWhole);
}

/** A restart can by chance save a call. Such a negative price is shown as 0, where the axis begins. */
function pointOf(policy: string, extraOutbound: number, meanAllocatedBytes: number): Point {
  return {
    policy: shownName(policy),
    percent: isKnown(extraOutbound) ? Math.max(0, extraOutbound * 100) : Number.NaN,
    mib: toMib(meanAllocatedBytes),
  };
}

function isWhole({ percent, mib }: Point): boolean {
  return isKnown(percent) && isKnown(mib);
}

function title(summary: ScenarioSummary): string {
  const { mean } = overOptimum(summary);
  if (!isKnown(mean)) return "Memory and its price";
  return `At its price measured is ${besideText(mean)} the optimum, ${besideText(overUptime(summary).mean)} the best timer`;
}

function sentence(summary: ScenarioSummary): string {
  if (summary.gaps.length === 0) return "";
  const mib = (pick: Parameters<typeof ofGaps>[1]) => mibText(ofGaps(summary, pick));
  return (
    `For ${percentText(ofGaps(summary, (gap) => gap.extraOutbound))} extra outbound calls measured holds ` +
    `${mib((gap) => gap.meanAllocatedBytes)} MiB on average; at that price the optimum holds ` +
    `${mib((gap) => gap.optimumBytes)} MiB, the best timer ${mib((gap) => gap.bestUptimeBytes)} MiB, and never, at no ` +
    `price, ${mib((gap) => gap.neverBytes)} MiB. Within the operator's share the best timer holds ` +
    `${mib((gap) => gap.withinShareBytes)} MiB.`
  );
}
