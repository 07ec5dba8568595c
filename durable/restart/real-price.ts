/** Outbound calls of the time in which a cache filled again after a restart. */
export interface FillCalls {
  /** Calls that are recognized as repeats of questions whose answers were lost. */
  readonly repeated: number;
  /** The expected price of the restart. */
  readonly debited: number;
  readonly all: number;
  /** Those that the same requests would have made with a full cache. Undefined if the TTL or the load has changed. */
  readonly expected: number | undefined;
}

/** Weight of the earlier restarts, after each. */
const FADE = 0.9;
/** The excess over many restarts must be greater than the repeats by this factor, and by so many standard deviations. */
const BEYOND = 1.25;
const DEVIATIONS = 3;
/** Repeats that show less than this part of what many restarts were expected to cost may not show it at all. */
const BLIND = 0.1;
const BLIND_FADE = 0.95;

/**
 * What restarts really cost, in outbound calls, by two witnesses: repeats of lost questions, and the excess of all calls over
 * the expectation. For one restart the excess is mostly chance, so repeats count. They miss some if each call differs, by a
 * nonce for example, or if entries live longer than the TTL, because each use extends it or because there are two TTLs. Then
 * the excess over many restarts is clearly greater, and it counts. If there are hardly any repeats, and the excess shows
 * nothing either, the expected price stands: whoever sees nothing does not prove that nothing was lost.
 */
export class RealPrice {
  /** Sums over past restarts, faded. */
  #excess = 0;
  #comparedRepeats = 0;
  #all = 0;
  #repeated = 0;
  #debited = 0;

  /** The cost of a restart. A negative one makes up for others that seemed to cost too much. */
  of({ repeated, debited, all, expected }: FillCalls): number {
    this.#repeated = BLIND_FADE * this.#repeated + repeated;
    this.#debited = BLIND_FADE * this.#debited + debited;
    const excess = expected === undefined ? undefined : all - expected;
    if (excess !== undefined && this.#isClear(excess, all, repeated)) return excess;
    const isBlind = this.#repeated < BLIND * this.#debited;
    return isBlind ? Math.min(debited, all) : repeated;
  }

  /** Whether the excess over many restarts is clearly greater than the repeats. */
  #isClear(excess: number, all: number, repeated: number): boolean {
    this.#excess = FADE * this.#excess + excess;
    this.#comparedRepeats = FADE * this.#comparedRepeats + repeated;
    this.#all = FADE * this.#all + all;
    return this.#excess > BEYOND * this.#comparedRepeats + DEVIATIONS * Math.sqrt(this.#all);
  }
}
