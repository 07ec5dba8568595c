import { median } from "../../scripts/median.ts";
import { CONTENDERS, type Contender, type Measurement, type Series } from "./run.ts";

/** Resident memory 2 s after the restart: medians of all rounds. */
export interface PhaseResult {
  /** Of the process that is about to be restarted. */
  readonly beforeBytes: number;
  /** How much smaller the same process is 2 s after its restart. Differences within one process vary less. */
  readonly freedBytes: number;
  readonly neverGrownBytes: number;
  readonly noRestartBytes: number;
  readonly plainBytes: number;
  readonly restartBytes: number;
  /** Time until resident memory stays within 1.1 times that of the process that never grew; null if it never does. */
  readonly seconds: number | null;
  /** Linear memory that was released and still not collected 4 s after the restart, by Ebb's own account. */
  readonly plainRetiredBytes: number;
  readonly retiredBytes: number;
}

export type Rounds = Readonly<Record<Contender, readonly Measurement[]>>;

/** For each contender, the medians of all rounds at each moment. */
export type Medians = Readonly<Record<Contender, Series>>;

const JUDGED_AT_SECONDS = 2;
export const AIM = 1.1;

export function mediansOf(rounds: Rounds): Medians {
  const entries = CONTENDERS.map((contender): [Contender, Series] => [
    contender,
    medianSeries(rounds[contender].map(({ series }) => series)),
  ]);
  return Object.fromEntries(entries) as Record<Contender, Series>;
}

export function phaseResult(rounds: Rounds): PhaseResult {
  const medians = mediansOf(rounds);
  const at = (contender: Contender): number => bytesAt(medians[contender], JUDGED_AT_SECONDS);
  const retired = (contender: Contender): number => median(rounds[contender].map(({ retiredBytes }) => retiredBytes));
  const neverGrown = new Map(medians["never-grown"]);
  const lastAbove = medians.restart.findLastIndex(([time, bytes]) => bytes > AIM * (neverGrown.get(time) ?? 0));
  return {
    beforeBytes: bytesAt(medians.restart, 0),
    freedBytes: median(rounds.restart.map(({ series }) => bytesAt(series, 0) - bytesAt(series, JUDGED_AT_SECONDS))),
    neverGrownBytes: at("never-grown"),
    noRestartBytes: at("no-restart"),
    plainBytes: at("plain"),
    restartBytes: at("restart"),
    seconds: medians.restart[lastAbove + 1]?.[0] ?? null,
    plainRetiredBytes: retired("plain"),
    retiredBytes: retired("restart"),
  };
}

function medianSeries(all: readonly Series[]): Series {
  const [first = []] = all;
  return first.map(([seconds], index) => [seconds, median(all.map((series) => series[index]![1]))] as const);
}

function bytesAt(series: Series, seconds: number): number {
  return series.find(([time]) => time >= seconds)?.[1] ?? Number.NaN;
}
