import { PAGE_BYTES } from "../wasm/byte-units.ts";
import type { Gap, HandoverGap, RunRow } from "./results.ts";
import type { CaseResult } from "./run-case.ts";

type Row = CaseResult["rows"][number];

/** Compares `measured` with its opponents, for each seed. Empty with handover. */
export function gapsOf({ info, rows }: CaseResult): Gap[] {
  if (info.handover) return [];
  return bySeed(rows).flatMap(([seed, ofSeed]) => {
    const { measured, never } = pair(ofSeed);
    if (measured === undefined || never === undefined) return [];
    const { extraOutbound, extraOutboundWorstDay, meanAllocatedBytes } = measured;
    const optimumBytes = cheapestAt(ofSeed, "optimum", extraOutbound);
    const within = bestWithin(ofSeed, measured.share);
    const toGain = never.meanAllocatedBytes - optimumBytes;
    return [
      {
        scenario: info.name,
        seed,
        extraOutbound,
        extraOutboundWorstDay: extraOutboundWorstDay ?? Number.NaN,
        meanAllocatedBytes,
        neverBytes: never.meanAllocatedBytes,
        optimumBytes,
        bestUptimeBytes: cheapestAt(ofSeed, "uptime", extraOutbound),
        withinShareBytes: within?.meanAllocatedBytes ?? Number.NaN,
        withinSharePolicy: within?.policy ?? "",
        gapClosed: toGain >= PAGE_BYTES ? (never.meanAllocatedBytes - meanAllocatedBytes) / toGain : Number.NaN,
      },
    ];
  });
}

/** Compares `measured` with its opponents, for each seed. Empty without handover. */
export function handoverGapsOf({ info, rows }: CaseResult): HandoverGap[] {
  if (!info.handover) return [];
  return bySeed(rows).flatMap(([seed, ofSeed]) => {
    const { measured, never } = pair(ofSeed);
    if (measured === undefined || never === undefined) return [];
    const heldBy = (name: string) => ofSeed.find(({ policy }) => policy === name)?.meanHeldBytes ?? Number.NaN;
    const timers = [heldBy("uptime-5min"), heldBy("uptime-20min"), heldBy("uptime-60min")] as const;
    return [
      {
        scenario: info.name,
        seed,
        heldBytes: measured.meanHeldBytes,
        neverBytes: never.meanHeldBytes,
        ratioBytes: heldBy("ratio"),
        timer5Bytes: timers[0],
        timer20Bytes: timers[1],
        timer60Bytes: timers[2],
        leastTimerBytes: Math.min(...timers),
        floorBytes: measured.floorBytes ?? Number.NaN,
        cpuShare: measured.cpuShare,
        restarts: measured.restarts,
      },
    ];
  });
}

function bySeed(rows: readonly Row[]): [number, Row[]][] {
  return [...Map.groupBy(rows, ({ seed }) => seed)];
}

function pair(rows: readonly Row[]): { measured: RunRow | undefined; never: RunRow | undefined } {
  const named = (name: string) => rows.find(({ policy }) => policy === name);
  return { measured: named("measured"), never: named("never") };
}

/** The timer, or `never`, that holds least with at most this much extra outbound; undefined if no timer ran. */
function bestWithin(rows: readonly Row[], share: number): Row | undefined {
  if (!rows.some(({ family }) => family === "uptime")) return undefined;
  return rows
    .filter(({ family }) => family === "uptime" || family === "never")
    .filter(({ extraOutbound }) => extraOutbound <= share)
    .toSorted((a, b) => a.meanAllocatedBytes - b.meanAllocatedBytes)[0];
}

/** The least memory of a family with at most this much extra outbound, interpolated linearly; NaN if it did not run. */
function cheapestAt(rows: readonly Row[], family: string, extraOutbound: number): number {
  const points = rows
    .filter((row) => row.family === family || row.family === "never")
    .map((row) => ({ x: row.extraOutbound, y: row.meanAllocatedBytes }))
    .sort((a, b) => a.x - b.x);
  if (!rows.some((row) => row.family === family)) return Number.NaN;
  let least = Number.POSITIVE_INFINITY;
  let before: { x: number; y: number } | undefined;
  for (const { x, y } of points) {
    if (x > extraOutbound) {
      if (before === undefined || x === before.x) return Math.min(least, y);
      const share = (extraOutbound - before.x) / (x - before.x);
      return Math.min(least, before.y + share * (Math.min(y, before.y) - before.y));
    }
    least = Math.min(least, y);
    before = { x, y: least };
  }
  return least;
}
