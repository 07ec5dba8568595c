interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * Time that passes only when told to: what a filter waits for costs no real time, and every run is the same.
 */
export class VirtualClock {
  #nowMs: number;
  readonly #events: Event[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the next event is due; undefined: nothing will ever happen. */
  get nextMs(): number | undefined {
    return this.#events[0]?.atMs;
  }

  /** Has `run` called when `delayMs` have passed; events of the same time in the order they were asked for. */
  after(delayMs: number, run: () => void): void {
    const atMs = this.#nowMs + delayMs;
    const later = this.#events.findIndex((event) => event.atMs > atMs);
    this.#events.splice(later < 0 ? this.#events.length : later, 0, { atMs, run });
  }

  /** Lets time pass up to `atMs`, with every event until then, and lets each take full effect before the next. */
  async advanceTo(atMs: number): Promise<void> {
    for (let event = this.#events[0]; event !== undefined && event.atMs <= atMs; event = this.#events[0]) {
      this.#events.shift();
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      event.run();
      await nextTurn();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}

/** Lets everything that was promised so far, and what follows from it, happen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
