/**
 * Work of a restart in milliseconds of CPU: moving the entries, and one forced collection (measured: docs/handover.md,
 * `npm run memory`).
 */
const COLLECTION_MS = 25;
const MS_PER_MIB = 2.5;
/** Unused work is saved for this long. */
const SAVED_MS = 6 * 3_600_000;

/** @param movedBytes entries that the fresh instance takes over */
export function restartWorkMs(movedBytes: number): number {
  return COLLECTION_MS + (MS_PER_MIB * movedBytes) / 1_048_576;
}

/** The work that restarts may take, after more time has passed. @param budget share of a core */
export function workCreditAfter(creditMs: number, elapsedMs: number, budget: number): number {
  return Math.min(creditMs + budget * Math.max(0, elapsedMs), budget * SAVED_MS);
}
