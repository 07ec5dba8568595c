import type { PaperEstimate } from "./paper-estimate.ts";

/** A trail holds at most this many estimates of each bin, however often it is fed. */
const ESTIMATES_PER_BIN = 10;

/** The estimates of the last two bins: enough for a policy to see a trend, and bounded. */
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

  /** Adds the newest estimate, unless one nearly as new is held. A clock that jumped back starts the trail anew. */
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
