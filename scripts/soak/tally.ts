/** Limit for the wrong answers that are shown; all are counted. */
const MAX_EXAMPLES = 20;

export interface WrongAnswer {
  readonly kind: string;
  /** Seconds since the start. */
  readonly atSeconds: number;
  readonly what: string;
}

/** Counts requests and answers, and keeps examples of wrong answers. */
export class Tally {
  readonly #startedMs: number;
  readonly #requests = new Map<string, number>();
  readonly #statuses = new Map<string, number>();
  readonly #examples: WrongAnswer[] = [];
  #wrong = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  answered(kind: string, status: number): void {
    this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + 1);
    this.#statuses.set(String(status), (this.#statuses.get(String(status)) ?? 0) + 1);
  }

  wrong(kind: string, nowMs: number, what: string): void {
    this.#wrong += 1;
    if (this.#examples.length >= MAX_EXAMPLES) return;
    this.#examples.push({ kind, atSeconds: Math.round((nowMs - this.#startedMs) / 100) / 10, what });
  }

  get wrongAnswers(): number {
    return this.#wrong;
  }

  get total(): number {
    return [...this.#requests.values()].reduce((sum, count) => sum + count, 0);
  }

  toJSON() {
    return {
      requests: Object.fromEntries([...this.#requests].toSorted()),
      statuses: Object.fromEntries([...this.#statuses].toSorted()),
      wrongAnswers: this.#wrong,
      examples: this.#examples,
    };
  }
}
