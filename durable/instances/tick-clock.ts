import { hasElapsed } from "../runtime/elapsed.ts";

export const TICK_LIMITS = {
  /** Shortest period of ticks. A filter that asks for one each millisecond would tick before every request. */
  minPeriodMs: 100,
  /** Shortest period of ticks by alarm, each of which is billed as a request and a write. */
  minAlarmPeriodMs: 5_000,
} as const;

/** When one instance is due to tick. A fresh one is due at once, unless its first tick has time for a period. */
export class TickClock {
  #tickedAtMs: number | undefined;

  constructor(tickedAtMs?: number) {
    this.#tickedAtMs = tickedAtMs;
  }

  /** False until the first tick. */
  get hasTicked(): boolean {
    return this.#tickedAtMs !== undefined;
  }

  /** @param periodMs as the filter asked; 0: it wants no ticks. */
  isDue(periodMs: number, nowMs: number): boolean {
    if (periodMs === 0) return false;
    if (this.#tickedAtMs === undefined) return true;
    return hasElapsed(this.#tickedAtMs, Math.max(periodMs, TICK_LIMITS.minPeriodMs), nowMs);
  }

  ticked(nowMs: number): void {
    this.#tickedAtMs = nowMs;
  }
}
