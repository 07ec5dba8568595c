/**
 * Whether `intervalMs` have passed since `sinceMs`. True also if the clock was set back to before `sinceMs`: what waits for the
 * interval would otherwise wait until the clock has caught up.
 */
export function hasElapsed(sinceMs: number, intervalMs: number, nowMs: number): boolean {
  return nowMs < sinceMs || nowMs - sinceMs >= intervalMs;
}

/**
 * How much of a pause is left; 0 if it is over. A rest that is longer than any pause can be comes from a clock that was set back,
 * and counts as over.
 */
export function pauseLeftMs(untilMs: number, maxPauseMs: number, nowMs: number): number {
  const leftMs = Math.max(0, untilMs - nowMs);
  return leftMs > maxPauseMs ? 0 : leftMs;
}
