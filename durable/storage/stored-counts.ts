import { type CallsByCluster, readCalls } from "../metrics/call-counts.ts";
import { type Counters, noCounts, readCounters } from "../metrics/counters.ts";
import { noOutcomes, type OutcomeCounts, readOutcomes } from "../metrics/outcomes.ts";

/** Counts as they are, or as they are stored. Times in ms since 1970. */
export interface Counts {
  readonly counters: Readonly<Counters>;
  readonly outcomes: OutcomeCounts;
  readonly calls: CallsByCluster;
  readonly restartCount: number;
  /** When counting began. It changes only if earlier counts cannot be read. */
  readonly sinceMs: number;
  /** When these counts were written; null if they never were. */
  readonly storedAtMs: number | null;
}

/** The stored form of the counters. */
export function writeCounts({ counters, outcomes, calls, restartCount, sinceMs }: Counts, nowMs: number): object {
  return { ...counters, outcomes, calls, restartCount, sinceMs, storedAtMs: nowMs };
}

/**
 * Reads the form of `writeCounts`. Without a readable beginning, all counts begin now, and consumers see that they do.
 * @param loggedRestarts the number of restarts in the learned state, which may have been unreadable
 */
export function readCounts(stored: unknown, loggedRestarts: number, nowMs: number): Counts {
  const fields = typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {};
  const { sinceMs, storedAtMs, restartCount, outcomes, calls } = fields;
  if (!isNatural(sinceMs)) {
    const nothing = { counters: noCounts(), outcomes: noOutcomes(), calls: {} };
    return { ...nothing, restartCount: loggedRestarts, sinceMs: nowMs, storedAtMs: null };
  }
  return {
    counters: readCounters(stored),
    outcomes: readOutcomes(outcomes),
    calls: readCalls(calls),
    restartCount: Math.max(loggedRestarts, isNatural(restartCount) ? restartCount : 0),
    sinceMs,
    storedAtMs: isNatural(storedAtMs) ? storedAtMs : null,
  };
}

/** The counters that are higher now than in the stored counts; null if none is. */
export function countsSince(stored: Counts, now: Readonly<Counters>): Partial<Counters> | null {
  const names = Object.keys(now) as (keyof Counters)[];
  const higher = names.filter((name) => now[name] > stored.counters[name]);
  if (higher.length === 0) return null;
  return Object.fromEntries(higher.map((name) => [name, now[name] - stored.counters[name]]));
}

function isNatural(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
