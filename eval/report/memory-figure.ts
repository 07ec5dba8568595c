import type { Curve, EvalResults, RunRow } from "../results.ts";
import { average, greatest } from "./average.ts";
import { thinned } from "./curve-points.ts";
import { hoursAxis, lineEncoding } from "./encoding.ts";
import { type Figure, figureSpec } from "./figure.ts";
import { ESTIMATE, inOrder, REQUIRED } from "./palette.ts";
import { isKnown, type MaybeNumber, mibText, percentText, plural, shownName, toHours, toMib } from "./text.ts";

const BUCKETS = 240;

/** Allocated over time by policy, with required and its estimate by `measured`; the paper's first plot. */
export function memoryFigure(results: EvalResults, scenario: string, id: string): Figure | undefined {
  const curves = results.curves.filter((curve) => curve.scenario === scenario && curve.allocatedBytes.some(isKnown));
  if (curves.length === 0) return undefined;
  const truth = curves.find(({ policy }) => policy === "measured") ?? curves[0]!;
  const endMs = greatest(curves.map(({ timesMs }) => timesMs.at(-1)));
  const runOf = (policy: string) => firstRun(results, scenario, policy);
  const meanOf = (policy: string) => runOf(policy)?.meanAllocatedBytes;
  const lines = lineEncoding([...curves.map(({ policy }) => shownName(policy)), REQUIRED, ESTIMATE]);
  return {
    id,
    sentence: sentence(curvesInOrder(curves), runOf, truth),
    spec: figureSpec({
      title: title(meanOf("measured"), meanOf("never")),
      subtitle: `${shownName(scenario)}: allocated by policy, in MiB`,
      height: 400,
      body: {
        encoding: { x: hoursAxis(endMs), y: memoryAxis },
        layer: [
          {
            data: { values: points(truth, truth.requiredBytes, REQUIRED) },
            mark: { type: "area", opacity: 1 },
            encoding: { color: lines.color },
          },
          {
            data: {
              values: [
                ...curvesInOrder(curves).flatMap((curve) => points(curve, curve.allocatedBytes, curve.policy)),
                ...points(truth, truth.estimatedBytes, ESTIMATE),
              ],
            },
            mark: { type: "line", interpolate: "step-after", clip: true },
            encoding: lines,
          },
        ],
      },
    }),
  };
}

const memoryAxis = {
  field: "mib",
  type: "quantitative",
  scale: { zero: true },
  axis: { title: "MiB", tickCount: 6, domain: false, ticks: false },
};

function curvesInOrder(curves: readonly Curve[]): Curve[] {
  const order = inOrder(curves.map(({ policy }) => policy));
  return curves.toSorted((a, b) => order.indexOf(a.policy) - order.indexOf(b.policy));
}

function points(curve: Curve, bytes: readonly number[], policy: string): object[] {
  return thinned(curve.timesMs, bytes, BUCKETS).map(({ timeMs, value }) => ({
    hours: rounded(toHours(timeMs)),
    mib: rounded(toMib(value)),
    policy: shownName(policy),
  }));
}

/** The run that the curves show: the one with the first seed. */
function firstRun(results: EvalResults, scenario: string, policy: string): RunRow | undefined {
  const runs = results.runs.filter((run) => run.scenario === scenario && run.policy === policy);
  return runs.find(({ seed }) => seed === results.settings.seeds[0]) ?? runs[0];
}

function title(measuredBytes: MaybeNumber, neverBytes: MaybeNumber): string {
  if (!isKnown(measuredBytes)) return "Memory over time";
  const measured = `Measured holds ${mibText(measuredBytes)} MiB on average`;
  return isKnown(neverBytes) ? `${measured}, never ${mibText(neverBytes)} MiB` : measured;
}

function sentence(curves: readonly Curve[], runOf: (policy: string) => RunRow | undefined, truth: Curve): string {
  const parts = curves.flatMap(({ policy }) => {
    const run = runOf(policy);
    if (!run) return [];
    return [`${policy} ${mibText(run.meanAllocatedBytes)} MiB (${plural(run.restarts, "restart")})`];
  });
  const offBy = average(
    truth.requiredBytes.map((required, index) => {
      const estimated = truth.estimatedBytes[index];
      return isKnown(required) && isKnown(estimated) && required > 0 ? Math.abs(estimated / required - 1) : undefined;
    }),
  );
  return [
    ...(parts.length > 0 ? [`Mean allocated of this run: ${parts.toReversed().join(", ")}.`] : []),
    ...(isKnown(offBy) ? [`The estimate of required is off by ${percentText(offBy)} on average.`] : []),
  ].join(" ");
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
