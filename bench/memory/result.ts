import { median } from "../../scripts/median.ts";
import { CONTENDERS, type Contender, type Series } from "./run.ts";

/** Resident memory 2 s after the restart: medians of all rounds. */
export interface PhaseResult {
  readonly neverGrownBytes: number;
  readonly noRestartBytes: number;
  readonly plainBytes: number;
  readonly restartBytes: number;
  /** Time until resident memory stays within 1.1 times that of the process that never grew; null if it never does. */
  readonly seconds: number | null;
}

/** For each contender, the medians of all rounds at each moment. */
export type Medians = Readonly<Record<Contender, Series>>;

const JUDGED_AT_SECONDS = 2;
export const AIM = 1.1;

export function mediansOf(rounds: Readonly<Record<Contender, readonly Series[]>>): Medians {
  const entries = CONTENDERS.map((contender): [Contender, Series] => [contender, medianSeries(rounds[contender])]);
  return Object.fromEntries(entries) as Record<Contender, Series>;
}

export function phaseResult(medians: Medians): PhaseResult {
  const at = (contender: Contender): number => bytesAt(medians[contender], JUDGED_AT_SECONDS);
  const neverGrown = new Map(medians["never-grown"]);
  const lastAbove = medians.restart.findLastIndex(([time, bytes]) => bytes > AIM * (neverGrown.get(time) ?? 0));
  return {
    neverGrownBytes: at("never-grown"),
    noRestartBytes: at("no-restart"),
    plainBytes: at("plain"),
    restartBytes: at("restart"),
    seconds: medians.restart[lastAbove + 1]?.[0] ?? null,
  };
}

function medianSeries(all: readonly Series[]): Series {
  const [first = []] = all;
  return first.map(([seconds], index) => [seconds, median(all.map((series) => series[index]![1]))] as const);
}

function bytesAt(series: Series, seconds: number): number {
  return series.find(([time]) => time >= seconds)?.[1] ?? Number.NaN;
}
