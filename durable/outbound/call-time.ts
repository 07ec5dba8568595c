/** Weight of the newest call: the mean follows the last one or two dozen calls. */
const NEWEST = 1 / 16;

/** Weighted mean duration of answered calls; the newest counts most. */
export class CallTime {
  #meanMs = 0;
  #calls = 0;

  /** 0 before the first answer. */
  get meanMs(): number {
    return this.#meanMs;
  }

  /** Ignores a duration that is invalid because the clock was set meanwhile. */
  answered(tookMs: number): void {
    if (!(tookMs >= 0) || tookMs === Number.POSITIVE_INFINITY) return;
    this.#calls += 1;
    // The first calls have equal weight; otherwise the very first would dominate for long.
    this.#meanMs += (tookMs - this.#meanMs) * Math.max(NEWEST, 1 / this.#calls);
  }
}
