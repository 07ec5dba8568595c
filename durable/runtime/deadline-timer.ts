/** The longest interval between two checks. */
const MAX_TICK_MS = 1_000;

interface Deadline {
  ticksLeft: number;
  readonly onPassed: () => void;
}

/**
 * Many deadlines, watched by one short timer that is never cleared. workerd loses about 260 bytes of native memory with every
 * timer cleared in an object (`npm run bench:misses`), so a timer for each call would make the process grow. When no deadline is
 * left, the timer fires once more and ends; it keeps an idle object in memory for one tick.
 *
 * A deadline never passes early. The usual one is at most one tick late, others less than two. It counts ticks instead of
 * reading a clock, because clocks may be set.
 */
export class DeadlineTimer {
  readonly #limitMs: number;
  readonly #tickMs: number;
  readonly #deadlines = new Set<Deadline>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param limitMs the usual deadline
   * @param ticks number of checks within it; more checks are more exact
   */
  constructor(limitMs: number, ticks: number) {
    this.#limitMs = limitMs;
    // Timers are no finer than a millisecond.
    this.#tickMs = Math.min(MAX_TICK_MS, Math.max(1, limitMs / ticks));
  }

  /** @returns a function that cancels the deadline */
  start(onPassed: () => void, limitMs = this.#limitMs): () => void {
    if (limitMs < this.#tickMs) return startAlone(onPassed, limitMs);
    // The first tick may come at once.
    const deadline = { ticksLeft: Math.ceil(limitMs / this.#tickMs) + 1, onPassed };
    this.#deadlines.add(deadline);
    this.#arm();
    return () => {
      this.#deadlines.delete(deadline);
    };
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs);
  }

  #tick(): void {
    this.#timer = undefined;
    // Before the callbacks: one that throws must not stop the others.
    if (this.#deadlines.size > 0) this.#arm();
    for (const deadline of [...this.#deadlines]) {
      deadline.ticksLeft -= 1;
      if (deadline.ticksLeft > 0) continue;
      this.#deadlines.delete(deadline);
      deadline.onPassed();
    }
  }
}

/** A deadline shorter than a tick has its own timer, which fires even if the deadline was cancelled. */
function startAlone(onPassed: () => void, limitMs: number): () => void {
  let isCancelled = false;
  setTimeout(() => {
    if (!isCancelled) onPassed();
  }, limitMs);
  return () => {
    isCancelled = true;
  };
}
