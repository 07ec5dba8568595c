/**
 * Share of one core that collections of small amounts may take. A collection blocks every object of the isolate, so it is paid
 * from the same budget as the work of restarts.
 */
const CPU_SHARE = 1e-4;
/** Credit is saved up for so long at most, so that the first collections after a quiet time run at once. */
const SAVED_FOR_MS = 3_600_000;
const MAX_CREDIT_MS = CPU_SHARE * SAVED_FOR_MS;
/** What a collection is expected to take before one was measured: the most that is usual (10-55 ms, docs/RATIONALE.md). */
const UNMEASURED_MS = 50;
/** The clock may stand still during a collection, and other tasks may come before the next reading: limits of one measurement. */
const LEAST_MS = 10;
const MOST_MS = 250;

/**
 * Account of the CPU that forced collections may take. It earns `CPU_SHARE` of the time that passes, so in the long run two
 * collections that wait for credit are at least their mean duration / `CPU_SHARE` apart. CPU and durations in ms, times in ms
 * since 1970. A clock that is set back earns nothing and loses nothing; one that is set forward earns an hour's credit at most.
 */
export class CollectionCredit {
  #creditMs = MAX_CREDIT_MS;
  #asOfMs: number | undefined;
  #measured = 0;
  #measuredMs = 0;

  /** Mean duration of the collections measured so far: the price of the next one. */
  get priceMs(): number {
    return this.#measured === 0 ? UNMEASURED_MS : this.#measuredMs / this.#measured;
  }

  creditMs(nowMs: number): number {
    const earnedMs = CPU_SHARE * Math.max(0, nowMs - (this.#asOfMs ?? nowMs));
    this.#asOfMs = nowMs;
    this.#creditMs = Math.min(MAX_CREDIT_MS, this.#creditMs + earnedMs);
    return this.#creditMs;
  }

  /** From when on a collection is paid for: `nowMs`, or when the rest of its price will have been earned. */
  affordableAtMs(nowMs: number): number {
    const missingMs = this.priceMs - this.creditMs(nowMs);
    return missingMs <= 0 ? nowMs : nowMs + Math.ceil(missingMs / CPU_SHARE);
  }

  /** A collection begins. One that did not wait for credit takes what there is, and leaves no debt. */
  spend(nowMs: number): void {
    this.#creditMs = Math.max(0, this.creditMs(nowMs) - this.priceMs);
  }

  /** A collection took so long. */
  measured(tookMs: number): void {
    this.#measured += 1;
    this.#measuredMs += Math.min(MOST_MS, Math.max(LEAST_MS, tookMs));
  }
}
