interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * Time that passes only in `advanceTo`: waiting takes no real time, and every run is the same.
 */
export class VirtualClock {
  #nowMs: number;
  readonly #events: Event[] = [];
  /** An event takes effect. */
  #isRunning = false;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the next event is due; undefined if there is none. */
  get nextMs(): number | undefined {
    return this.#events[0]?.atMs;
  }

  /**
   * Calls `run` after `delayMs`. Events at the same time run in the order of these calls. What follows from an event comes later
   * than it: a filter may answer each reply with a call, for ever, and time would stand still.
   */
  after(delayMs: number, run: () => void): void {
    const atMs = this.#nowMs + (this.#isRunning ? Math.max(1, delayMs) : delayMs);
    const later = this.#events.findIndex((event) => event.atMs > atMs);
    this.#events.splice(later < 0 ? this.#events.length : later, 0, { atMs, run });
  }

  /** Advances time to `atMs` and runs every event until then. Each takes full effect before the next. */
  async advanceTo(atMs: number): Promise<void> {
    for (let event = this.#events[0]; event !== undefined && event.atMs <= atMs; event = this.#events[0]) {
      this.#events.shift();
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      this.#isRunning = true;
      event.run();
      await nextTurn();
      this.#isRunning = false;
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}

/** Waits until all settled promises and their reactions have run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
