/** Outbound calls of the time in which a cache filled again after a restart. */
export interface FillCalls {
  /** Calls that are recognized as repeats of questions whose answers were lost. */
  readonly repeated: number;
  readonly all: number;
  /** Those that the same requests would have made with a full cache. */
  readonly expected: number;
}

/** Weight of the earlier restarts, after each. */
const FADE = 0.9;
/** The excess over many restarts must be greater than the repeats by this factor, and by so many standard deviations. */
const BEYOND = 1.25;
const DEVIATIONS = 3;

/**
 * What restarts really cost, in outbound calls, by two witnesses: repeats of lost questions, and the excess of all calls over
 * the expectation. For one restart the excess is mostly chance, so repeats count. They miss some if each call differs, by a
 * nonce for example, or if entries live longer than the TTL, because each use extends it or because there are two TTLs. Then
 * the excess over many restarts is clearly greater, and it counts.
 */
export class RealPrice {
  /** Sums over past restarts, faded. */
  #excess = 0;
  #repeated = 0;
  #all = 0;

  /** The cost of a restart. A negative one makes up for others that seemed to cost too much. */
  of({ repeated, all, expected }: FillCalls): number {
    const excess = all - expected;
    this.#excess = FADE * this.#excess + excess;
    this.#repeated = FADE * this.#repeated + repeated;
    this.#all = FADE * this.#all + all;
    return this.#excess > BEYOND * this.#repeated + DEVIATIONS * Math.sqrt(this.#all) ? excess : repeated;
  }
}
