import type { HistoryPoint } from "../../../../durable/directory/history-point.ts";
import type { RestartRecord } from "../../../../durable/restart/learned.ts";
import { restartWords } from "../../code-words.ts";
import { type Curves, curvesOf, stacked } from "../curves.ts";
import { bytesText, countText, durationText, percentText, perSecondText } from "../format.ts";
import { Chart, type Mark } from "./chart.ts";
import { localTime } from "./times.ts";

/** Powers of two, from a page to all that an isolate has. */
const BYTE_STEPS = Array.from({ length: 12 }, (_, power) => 65_536 * 2 ** power);

/** A shorter range would show nothing but noise. */
const MIN_RANGE_MS = 60_000;

/** The curves of one service. */
export class ServiceCurves {
  readonly #memory = new Chart({
    title: "Memory",
    height: 210,
    axisText: bytesText,
    steps: BYTE_STEPS,
    band: [0, 1],
    series: [
      { name: "at most", color: "band", text: bytesText, isEdge: true },
      { name: "at least", color: "band", text: bytesText, isEdge: true },
      { name: "Allocated", color: "allocated", text: bytesText, isArea: true },
      { name: "Required", color: "required", text: bytesText },
      { name: "Baseline", color: "baseline", text: bytesText, dash: [5, 4] },
    ],
  });
  readonly #outcomes = new Chart({
    title: "Outcomes, requests/s",
    height: 210,
    axisText: perSecondText,
    series: [
      {
        name: "Passed undecided",
        color: "failed-open",
        text: perSecondText,
        isRare: true,
        isArea: true,
        isAverage: true,
      },
      { name: "Undecided", color: "undecided", text: perSecondText, isRare: true, isArea: true, isAverage: true },
      { name: "Refused", color: "refused", text: perSecondText, isArea: true, isAverage: true },
      { name: "Allowed", color: "allowed", text: perSecondText, isArea: true, isAverage: true },
    ],
  });
  readonly #hits = new Chart({
    title: "Hit rate",
    emptyText: "No decision in this window",
    height: 170,
    max: 100,
    steps: [25, 50],
    axisText: (percent) => `${percent} %`,
    series: [
      {
        name: "From the cache",
        color: "hits",
        text: (percent) => percentText(percent / 100),
        isArea: true,
        isAverage: true,
      },
    ],
  });
  readonly #calls = new Chart({
    title: "Authorization calls/s, latency",
    height: 170,
    axisText: perSecondText,
    rightAxisText: durationText,
    series: [
      { name: "Calls", color: "calls", text: perSecondText, isArea: true, isAverage: true },
      { name: "p50", color: "p50", text: durationText, isAverage: true, isRight: true },
      { name: "p95", color: "p95", text: durationText, isAverage: true, isRight: true },
    ],
  });

  constructor(place: HTMLElement) {
    place.replaceChildren(this.#memory.root, this.#outcomes.root, this.#hits.root, this.#calls.root);
  }

  show(
    points: readonly HistoryPoint[],
    restarts: readonly RestartRecord[],
    isAsleep: boolean,
    windowMs: number,
    endMs: number,
  ): void {
    const curves = curvesOf(points);
    const { times } = curves;
    // While there is less history than the window is long, what there is fills the chart.
    const firstMs = Math.min(points[0]?.timeMs ?? endMs, endMs - MIN_RANGE_MS);
    const range: [number, number] = [Math.max(endMs - windowMs, firstMs) / 1_000, endMs / 1_000];
    const marks = restarts.filter(({ timeMs }) => timeMs >= endMs - windowMs).map(markOf);
    const { allocatedBytes, requiredBytes, baselineBytes, requiredFromBytes, requiredToBytes } = curves;
    const memory = [requiredToBytes, requiredFromBytes, allocatedBytes, requiredBytes, baselineBytes];
    const waiting = isAsleep
      ? "Asleep: a longer window may show what was before"
      : "Waiting for a second point, within a minute";
    this.#memory.show({ times, drawn: memory }, range, waiting, marks);
    const outcomes = outcomesOf(curves);
    this.#outcomes.show({ times, drawn: stacked(outcomes).reverse(), read: outcomes.toReversed() }, range, waiting);
    this.#hits.show({ times, drawn: [curves.hitPercent] }, range, waiting);
    this.#calls.show({ times, drawn: [curves.outbound, curves.p50Ms, curves.p95Ms] }, range, waiting);
  }
}

/** From the lowest of the stack to the highest. */
function outcomesOf({ allowed, refused, undecided, failedOpen }: Curves): (number | null)[][] {
  return [allowed, refused, undecided, failedOpen];
}

function markOf({ timeMs, reason, priceCalls, allocatedBeforeBytes, allocatedAfterBytes }: RestartRecord): Mark {
  const freedBytes = allocatedBeforeBytes - allocatedAfterBytes;
  const freed = freedBytes > 0 ? bytesText(freedBytes) : "nothing";
  const price = Math.round(priceCalls);
  const calls = price === 0 ? "no extra calls" : `about ${countText(price)} extra calls`;
  return {
    timeMs,
    label: `Restart at ${localTime(new Date(timeMs))}: ${restartWords(reason)}. ${freed} given back, ${calls}.`,
    isWarning: reason === "trap" || reason.startsWith("isolate_"),
  };
}
