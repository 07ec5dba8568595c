import type { EvalResults } from "../results.ts";
import { average, greatest, quotient } from "./average.ts";
import { averaged } from "./curve-points.ts";
import { hoursAxis, lineEncoding } from "./encoding.ts";
import { type Figure, figureSpec, NOT_FROM_ZERO } from "./figure.ts";
import { inOrder } from "./palette.ts";
import { isKnown, percentText, shownName, signedPointsText, toHours } from "./text.ts";

/** For a day, a quarter of an hour each. */
const BUCKETS = 96;

/** The effect of restarts on the hit rate over time; the paper's second plot. */
export function hitRateFigure(results: EvalResults, scenario: string, id: string): Figure | undefined {
  const curves = results.curves.filter((curve) => curve.scenario === scenario && curve.hitRate.some(isKnown));
  if (curves.length === 0) return undefined;
  const order = inOrder(curves.map(({ policy }) => policy));
  const endMs = greatest(curves.map(({ timesMs }) => timesMs.at(-1)));
  const values = order.flatMap((policy) => {
    const { timesMs, hitRate } = curves.find((curve) => curve.policy === policy)!;
    return averaged(timesMs, hitRate, BUCKETS).map(({ timeMs, value }) => ({
      hours: toHours(timeMs),
      percent: value * 100,
      policy: shownName(policy),
    }));
  });
  const means = order.map((policy) => ({ policy, mean: meanHitRate(results, scenario, policy) })).reverse();
  return {
    id,
    sentence: means.some(({ mean }) => isKnown(mean))
      ? `Hit rate of all requests: ${means.map(({ policy, mean }) => `${policy} ${percentText(mean)}`).join(", ")}.`
      : "",
    spec: figureSpec({
      title: title(means),
      subtitle: `${shownName(scenario)}: share of requests answered from the cache, in %, averaged over ${BUCKETS} intervals`,
      height: 280,
      body: {
        data: { values },
        mark: { type: "line", interpolate: "monotone" },
        encoding: {
          x: hoursAxis(endMs),
          y: {
            field: "percent",
            type: "quantitative",
            scale: { zero: false, nice: true },
            axis: { title: `% (${NOT_FROM_ZERO})`, tickCount: 5, domain: false, ticks: false },
          },
          ...lineEncoding(order.map(shownName)),
        },
      },
    }),
  };
}

function title(means: readonly { policy: string; mean: number }[]): string {
  const meanOf = (name: string) => means.find(({ policy }) => policy === name)?.mean;
  const [measured, never] = [meanOf("measured"), meanOf("never")];
  if (!isKnown(measured) || !isKnown(never)) return "Hit rate over time";
  return `Restarts of measured change the hit rate by ${signedPointsText(measured - never)}`;
}

function meanHitRate(results: EvalResults, scenario: string, policy: string): number {
  const runs = results.runs.filter((run) => run.scenario === scenario && run.policy === policy);
  return average(runs.map(({ hits, requests }) => quotient(hits, requests)));
}
