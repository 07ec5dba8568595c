/** So many requests without a decision since the last report are no accident. */
const OUTBREAK_REQUESTS = 5;

/**
 * When requests begin to get no decision. The operator must see that at once; while it lasts, the reports of each minute are enough.
 */
export class Outbreak {
  /** Requests without a decision, as of the last report. */
  #reported: number;
  #isKnown = false;

  constructor(undecided: number) {
    this.#reported = undecided;
  }

  /** @param undecided all requests without a decision @returns true once for each outbreak */
  begins(undecided: number): boolean {
    if (undecided - this.#reported < OUTBREAK_REQUESTS || this.#isKnown) return false;
    this.#isKnown = true;
    return true;
  }

  /** Figures are reported. */
  reported(undecided: number): void {
    this.#isKnown = undecided - this.#reported >= OUTBREAK_REQUESTS;
    this.#reported = undecided;
  }
}
