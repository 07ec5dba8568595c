/**
 * Figures reach the directory at most a minute after they changed, and an object without requests sleeps after ten seconds: older
 * ones mean that no request came since.
 */
export const ASLEEP_AFTER_MS = 90_000;

interface Figures {
  readonly atMs: number;
}

export function isAsleep({ atMs }: Figures, nowMs: number): boolean {
  return nowMs - atMs > ASLEEP_AFTER_MS;
}

/** When the operator's window ends: now, or when the service fell asleep. Since then nothing has happened that could be shown. */
export function windowEndMs(figures: Figures, nowMs: number): number {
  return isAsleep(figures, nowMs) ? figures.atMs : nowMs;
}
