/**
 * When each question was last asked of an authorization server. A question is a hash (32 bits, unsigned) of all that makes
 * two outbound calls equal.
 *
 * Holds at most `MAX_QUESTIONS`. Above that it keeps a share of all questions, chosen by their hash, so that all calls of a
 * kept question are seen and every kept question stands for `1 / share` others.
 */
export class Questions {
  /** By question, oldest call first. */
  readonly #asked = new Map<number, LastCall>();
  /** Questions with a hash below this are kept. */
  #limit = 2 ** HASH_BITS;
  /** When caches were lost, the newest ones, oldest first. */
  #lossesMs: number[] = [];
  /** When the share was last made smaller, or looked at since. */
  #narrowedAtMs = 0;
  readonly #horizonMs: number;

  /** @param horizonMs questions asked longer ago are of no interest */
  constructor(horizonMs: number) {
    this.#horizonMs = horizonMs;
  }

  /** The share of all questions that is kept, from 0 to 1. */
  get share(): number {
    return this.#limit / 2 ** HASH_BITS;
  }

  /** The cache is empty from now on. */
  emptied(nowMs: number): void {
    this.#lossesMs = [...this.#lossesMs, nowMs].slice(-REMEMBERED_LOSSES);
  }

  /** Forgets all calls. */
  forget(): void {
    this.#asked.clear();
  }

  /** Notes a call. @returns undefined if the question is new */
  asked(question: number, nowMs: number): AskedAgain | "not_kept" | undefined {
    this.#widen(nowMs);
    if (question >= this.#limit) return "not_kept";
    const before = this.#asked.get(question);
    if (before === undefined) {
      this.#asked.set(question, { askedAtMs: nowMs, livedMs: undefined });
      this.#makeRoom(nowMs);
      return undefined;
    }
    const { askedAtMs, livedMs } = before;
    const afterMs = nowMs - askedAtMs;
    if (afterMs < -CLOCK_JUMP_MS) {
      this.#clockSetBack(nowMs);
      return "not_kept";
    }
    const lostAtMs = this.#lossesMs.find((lossMs) => lossMs >= askedAtMs);
    // Retries, and misses of one moment in any order: the first answer has neither expired nor been lost.
    if (afterMs < SAME_MOMENT_MS && (lostAtMs === undefined || afterMs < 0)) return "not_kept";
    this.#asked.delete(question);
    this.#asked.set(question, { askedAtMs: nowMs, livedMs: lostAtMs === undefined ? afterMs : livedMs });
    return { afterMs, livedMs, lostAfterMs: lostAtMs === undefined ? undefined : lostAtMs - askedAtMs };
  }

  #makeRoom(nowMs: number): void {
    if (this.#asked.size <= MAX_QUESTIONS) return;
    this.#dropOld(nowMs);
    if (this.#asked.size <= MAX_QUESTIONS) return;
    this.#limit /= 2;
    this.#narrowedAtMs = nowMs;
    for (const question of this.#asked.keys()) if (question >= this.#limit) this.#asked.delete(question);
  }

  /** A flood is over: twice the share of all questions is kept again. Looks once in each horizon. */
  #widen(nowMs: number): void {
    if (this.share === 1 || Math.abs(nowMs - this.#narrowedAtMs) < this.#horizonMs) return;
    this.#narrowedAtMs = nowMs;
    this.#dropOld(nowMs);
    if (this.#asked.size <= MAX_QUESTIONS / 4) this.#limit *= 2;
  }

  #dropOld(nowMs: number): void {
    for (const [oldest, { askedAtMs }] of this.#asked) {
      if (nowMs - askedAtMs <= this.#horizonMs) break;
      this.#asked.delete(oldest);
    }
  }

  /** No interval that reaches back beyond the jump has a meaning. */
  #clockSetBack(nowMs: number): void {
    this.#asked.clear();
    this.#lossesMs = this.#lossesMs.filter((lossMs) => lossMs <= nowMs);
  }
}

interface LastCall {
  readonly askedAtMs: number;
  readonly livedMs: number | undefined;
}

/** The same question was asked before. */
export interface AskedAgain {
  /** Time since then. */
  readonly afterMs: number;
  /** The same for the last of its earlier answers that was not lost with a cache: its answers live no longer than this. */
  readonly livedMs: number | undefined;
  /** Age of its answer when the cache was lost; undefined if the cache was not lost since, so that the answer had expired. */
  readonly lostAfterMs: number | undefined;
}

const HASH_BITS = 32;
const REMEMBERED_LOSSES = 16;
/** Two calls for one question within this time are of one moment. */
const SAME_MOMENT_MS = 1_000;
/** Calls are noted as they are answered, so some began before others that were noted earlier, but no longer than this. */
const CLOCK_JUMP_MS = 60_000;
/** Their hashes and times take about 200 KB. */
export const MAX_QUESTIONS = 4_096;
