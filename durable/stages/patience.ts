/** How long the filter may keep one request waiting, stage by stage. */
export class Patience {
  readonly #limitMs: number;
  readonly #abort = new AbortController();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** For the host, which gives the request up by it. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Waits for one stage. Beyond the limit the host decides it as `failed`, reason `aborted`. */
  async wait<T>(stage: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#abort.abort(), this.#limitMs);
    try {
      return await stage;
    } finally {
      // A timer left behind would keep an idle object in memory, and billed.
      clearTimeout(timer);
    }
  }
}
