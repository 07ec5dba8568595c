/** The longest interval between two checks. */
const MAX_TICK_MS = 1_000;

interface Deadline {
  ticksLeft: number;
  readonly onPassed: () => void;
}

/**
 * Many deadlines, watched by one short timer. With a timer for each call, workerd's resident memory grows with the calls, although
 * every timer is cleared (`npm run bench:misses`). A deadline never passes early; the usual one is late by one tick at most, another
 * by less than two. It counts ticks instead of reading a clock, because clocks may be set.
 */
export class DeadlineTimer {
  readonly #limitMs: number;
  readonly #tickMs: number;
  readonly #deadlines = new Set<Deadline>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param limitMs the usual deadline
   * @param ticks checks within it: more of them are more exact
   */
  constructor(limitMs: number, ticks: number) {
    this.#limitMs = limitMs;
    // Timers have no finer unit than a millisecond.
    this.#tickMs = Math.min(MAX_TICK_MS, Math.max(1, limitMs / ticks));
  }

  /** @returns cancels the deadline */
  start(onPassed: () => void, limitMs = this.#limitMs): () => void {
    if (limitMs < this.#tickMs) {
      const timer = setTimeout(onPassed, limitMs);
      return () => clearTimeout(timer);
    }
    // The first tick may come at once.
    const deadline = { ticksLeft: Math.ceil(limitMs / this.#tickMs) + 1, onPassed };
    this.#deadlines.add(deadline);
    this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs);
    return () => {
      this.#deadlines.delete(deadline);
      // A pending timer would keep an idle object in memory, and billed.
      if (this.#deadlines.size === 0) this.#stop();
    };
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#tickMs);
    for (const deadline of [...this.#deadlines]) {
      deadline.ticksLeft -= 1;
      if (deadline.ticksLeft > 0) continue;
      this.#deadlines.delete(deadline);
      deadline.onPassed();
    }
    if (this.#deadlines.size === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
