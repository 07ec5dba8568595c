import type { PaperEstimate } from "./paper-estimate.ts";

/** Maximum number of estimates held for each bin. */
const ESTIMATES_PER_BIN = 10;

/** A bounded number of estimates of the last two bins, enough for a policy to see a trend. */
export class EstimateTrail {
  readonly #binMs: number;
  #estimates: PaperEstimate[] = [];

  constructor(binMs: number) {
    this.#binMs = binMs;
  }

  /** Oldest first. */
  get all(): readonly PaperEstimate[] {
    return this.#estimates;
  }

  /** Adds an estimate, unless the last one is nearly as new. Starts anew with each generation, or if the clock was set back. */
  push(estimate: PaperEstimate): void {
    const last = this.#estimates.at(-1);
    if (last !== undefined && (estimate.atMs < last.atMs || estimate.generation !== last.generation)) {
      this.#estimates = [];
    } else if (last !== undefined && estimate.atMs - last.atMs < this.#binMs / ESTIMATES_PER_BIN) {
      return;
    }
    const oldestMs = estimate.atMs - 2 * this.#binMs;
    this.#estimates = [...this.#estimates.filter(({ atMs }) => atMs > oldestMs), estimate];
  }
}
