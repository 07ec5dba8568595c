import { hasElapsed } from "../runtime/elapsed.ts";

export const TICK_LIMITS = {
  /** Shortest period of ticks. A filter that requests one every millisecond would tick before every request. */
  minPeriodMs: 100,
  /** Shortest period of ticks by alarm. Each alarm is billed as a request and a write. */
  minAlarmPeriodMs: 5_000,
} as const;

/** When an instance is due to tick: at once, or after the first period if `tickedAtMs` is given. */
export class TickClock {
  #tickedAtMs: number | undefined;

  constructor(tickedAtMs?: number) {
    this.#tickedAtMs = tickedAtMs;
  }

  /** False until the first tick. */
  get hasTicked(): boolean {
    return this.#tickedAtMs !== undefined;
  }

  /** @param periodMs as requested by the filter; 0 for no ticks */
  isDue(periodMs: number, nowMs: number): boolean {
    if (periodMs === 0) return false;
    if (this.#tickedAtMs === undefined) return true;
    return hasElapsed(this.#tickedAtMs, Math.max(periodMs, TICK_LIMITS.minPeriodMs), nowMs);
  }

  ticked(nowMs: number): void {
    this.#tickedAtMs = nowMs;
  }
}
