/**
 * Whether `intervalMs` have passed since `sinceMs`. Also true if the clock was set back to before `sinceMs`; otherwise the
 * interval would last until the clock has caught up.
 */
export function hasElapsed(sinceMs: number, intervalMs: number, nowMs: number): boolean {
  return nowMs < sinceMs || nowMs - sinceMs >= intervalMs;
}

/**
 * How much of a pause is left; 0 if it is over. A remainder longer than the longest pause means that the clock was set back, and
 * counts as over.
 */
export function pauseLeftMs(untilMs: number, maxPauseMs: number, nowMs: number): number {
  const leftMs = Math.max(0, untilMs - nowMs);
  return leftMs > maxPauseMs ? 0 : leftMs;
}
