import { AGE_CLASSES, ageClass } from "./loss-cost.ts";
import { type AskedAgain, Questions } from "./questions.ts";

/** Weight of one call in the share of returning clients. */
const RETURNING_WEIGHT = 1 / 500;

/** A question was asked again whose answer was lost with a cache. Times in ms. */
export interface LostQuestion {
  /** Since it was last asked. */
  readonly afterMs: number;
  /** Age of its answer when it was lost. */
  readonly lostAfterMs: number;
  /** TTL of its answers. */
  readonly ownTtlMs: number;
  /** The TTL by which ages of entries are classed. */
  readonly ttlMs: number;
  /** Share of requests that need no outbound call while the cache is full. */
  readonly hitShare: number;
}

/**
 * The account of questions whose answers were lost with a cache before their time: the extra calls that they cause
 * (docs/model.md, point 5).
 */
export class LostQuestions {
  readonly #questions: Questions;
  #extraCalls = new Array<number>(AGE_CLASSES).fill(0);
  #callsSinceSample = 0;
  #returning = 0;

  /** @param horizonMs questions asked longer ago are of no interest */
  constructor(horizonMs: number) {
    this.#questions = new Questions(horizonMs);
  }

  /** Share of calls for questions whose answer had expired: clients that come back after a TTL. Faded. */
  get returning(): number {
    return this.#returning;
  }

  /** Extra calls since the last start, by age class of the lost entries. */
  get extraCalls(): readonly number[] {
    return this.#extraCalls;
  }

  /** An instance started. @param isEmpty the cache was lost */
  started(nowMs: number, isEmpty: boolean): void {
    if (isEmpty) this.#questions.emptied(nowMs);
    this.#extraCalls = new Array<number>(AGE_CLASSES).fill(0);
  }

  /** Notes a call. @returns undefined if the question is new, or is not kept */
  asked(question: number, nowMs: number): AskedAgain | undefined {
    const again = this.#questions.asked(question, nowMs);
    if (again === "not_kept") return undefined;
    if (again?.lostAfterMs === undefined) {
      this.#returning += RETURNING_WEIGHT * ((again === undefined ? 0 : 1) - this.#returning);
    }
    return again;
  }

  /** Counts the extra calls that a lost question stands for. None if its answer would have expired by now. */
  add({ afterMs, lostAfterMs, ownTtlMs, ttlMs, hitShare }: LostQuestion): void {
    if (afterMs >= ownTtlMs) return;
    const calls = repeatedCall(afterMs / ownTtlMs, hitShare * this.#returning) / this.#questions.share;
    this.#callsSinceSample += calls;
    const age = ageClass(lostAfterMs / ttlMs) ?? AGE_CLASSES - 1;
    this.#extraCalls[age]! += calls;
  }

  /** Extra calls since this was last called. */
  takeCalls(): number {
    const calls = this.#callsSinceSample;
    this.#callsSinceSample = 0;
    return calls;
  }

  /** Forgets when questions were asked. */
  forget(): void {
    this.#questions.forget();
  }
}

/**
 * Extra calls that one call stands for which repeats a question of `age` TTLs ago, whose answer was lost. It moves all later
 * calls for this key by the rest of the TTL and the wait of the client after it (docs/model.md, point 5).
 */
function repeatedCall(age: number, regained: number): number {
  return 1 - regained * age;
}
