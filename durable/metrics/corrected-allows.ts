import type { OutcomeCounts } from "./outcomes.ts";

type Allowed = OutcomeCounts["allowed"];

/** What an allow was counted as, where a request had asked for a decision, before the filter told more. */
const ASSUMED = ["server", "coalesced", "cache"] as const;

/** Allows of which only the filter knows that their call had failed. */
export type AfterFailure = "stale" | "fail_open";

/**
 * Gives allows their true reason. Takes them from those that were counted since the last time: earlier counts have been shown, and
 * never go down.
 */
export class CorrectedAllows {
  readonly #allowed: Allowed;
  #settled: Readonly<Allowed>;
  /** The filter may count before we do. */
  readonly #owed: Record<AfterFailure, number> = { stale: 0, fail_open: 0 };

  constructor({ allowed }: OutcomeCounts) {
    this.#allowed = allowed;
    this.#settled = { ...allowed };
  }

  /** @param told how many the filter has counted since the last time */
  correct(told: Readonly<Record<AfterFailure, number>>): void {
    const allowed = this.#allowed;
    for (const reason of ["fail_open", "stale"] as const) {
      this.#owed[reason] += told[reason];
      for (const assumed of ASSUMED) {
        const moved = Math.min(this.#owed[reason], allowed[assumed] - this.#settled[assumed]);
        allowed[assumed] -= moved;
        allowed[reason] += moved;
        this.#owed[reason] -= moved;
      }
    }
    this.#settled = { ...allowed };
  }
}
