/** Weight of the newest call: the mean follows the last dozen or two. */
const NEWEST = 1 / 16;

/** How long a call takes that is answered, in the mean, the newest counting most. */
export class CallTime {
  #meanMs = 0;
  #calls = 0;

  /** 0 before the first answer. */
  get meanMs(): number {
    return this.#meanMs;
  }

  /** A clock that was set meanwhile tells nothing. */
  answered(tookMs: number): void {
    if (!(tookMs >= 0) || tookMs === Number.POSITIVE_INFINITY) return;
    this.#calls += 1;
    // The first calls count alike, or the very first would weigh for long.
    this.#meanMs += (tookMs - this.#meanMs) * Math.max(NEWEST, 1 / this.#calls);
  }
}
