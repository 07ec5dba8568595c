import { RepeatTtl } from "./repeats.ts";
import type { Ttl } from "./ttl.ts";

/** Growth contradicts a second TTL if it shows a TTL that is shorter by this factor. */
const SHORTER = 1.25;
/** Growth contradicts the first TTL by repeats if it shows one that is longer by this factor … */
const LONGER = 1.5;
/** … and is believed for so many of its lengths: entries of a second, longer TTL take longer to repeat. */
const DOUBTED_TTLS = 6;

/** The TTL by repeats, as far as growth does not contradict it (docs/model.md, point 4). Of two TTLs, the longer counts. */
export class BelievedRepeats {
  readonly #repeats = new RepeatTtl();
  #nowMs = 0;
  /** At the last update. */
  #ttlMs: number | undefined;
  /** Until this time growth contradicts the first TTL by repeats. */
  #doubtedUntilMs = Number.NEGATIVE_INFINITY;

  /** Time of the newest sample or start. Stays if the clock is set back. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Some intervals are clearly shorter: the TTL may have become shorter. */
  get isDoubtful(): boolean {
    return this.#repeats.isDoubtful;
  }

  /** A repeat has agreed with the TTL since the sample before the last. */
  get isConfirmed(): boolean {
    return this.#repeats.isConfirmed;
  }

  /** The lower edge of all intervals, whatever growth says: the shorter one of two TTLs. */
  get shortestMs(): number | undefined {
    return this.#repeats.ttlMs;
  }

  /** The shorter one of two TTLs, as of the last update. Undefined if there is one. */
  get shorterTtlMs(): number | undefined {
    const isLonger = this.#ttlMs !== undefined && this.#ttlMs === this.#repeats.longerTtlMs;
    return isLonger ? this.#repeats.ttlMs : undefined;
  }

  /** Undefined while repeats show none. @param growth the TTL by growth */
  ttlMs({ confidence, maxMs }: Ttl): number | undefined {
    const { longerTtlMs, ttlMs } = this.#repeats;
    // All clients that come once an hour look like a second TTL too, but no memory is held for it.
    const isShorterByGrowth = longerTtlMs !== undefined && confidence === "measured" && SHORTER * maxMs < longerTtlMs;
    // Of two, the longer: with the shorter, memory would count as free that is in use.
    if (longerTtlMs !== undefined && !isShorterByGrowth) return longerTtlMs;
    return this.#nowMs < this.#doubtedUntilMs ? undefined : ttlMs;
  }

  /** A question was asked again whose answer had expired, see `RepeatTtl`. */
  repeated(afterMs: number, beforeMs?: number): void {
    this.#repeats.repeated(afterMs, beforeMs);
  }

  /** An instance started. @param isEmpty the cache was lost */
  started(nowMs: number, isEmpty: boolean): void {
    this.#nowMs = nowMs;
    if (isEmpty) this.#repeats.emptied(nowMs);
  }

  /** Call at each sample. @param requests since the last one @param growth the TTL by growth */
  update(timeMs: number, requests: number, growth: Ttl): void {
    this.#nowMs = Math.max(timeMs, this.#nowMs);
    this.#repeats.update(timeMs, requests);
    const ms = this.ttlMs(growth);
    const isFirst = this.#ttlMs === undefined && !(this.#doubtedUntilMs > 0);
    if (ms !== undefined && isFirst && growth.minMs >= LONGER * ms) {
      this.#doubtedUntilMs = this.#nowMs + DOUBTED_TTLS * growth.minMs;
    }
    this.#ttlMs = this.ttlMs(growth);
  }
}
