import { firstFrom } from "./first-from.ts";

/**
 * A longer TTL that other entries have (docs/model.md, point 4). Questions that are asked often come back just after their
 * own TTL, each time: two equal intervals in a row are close to it. With one TTL, such intervals become rarer from the TTL
 * on. Where they become frequent again, there is a second one.
 */

/** The newest pairs that count. */
const REMEMBERED = 300;
/** Two intervals are equal if they differ by less than this share. */
const EQUAL = 0.1;
/** A second TTL is at least so many times the first. */
const MIN_RATIO = 1.25;
/** So many pairs lie close above it, and this share of all, and so many times those close below. */
const MIN_PAIRS = 15;
const MIN_SHARE = 0.08;
const RISE = 7;
/** Once it is known, this part of all three is enough. */
const STAYS = 0.5;

export class SecondTtl {
  #equalMs: number[] = [];
  #next = 0;
  #candidateMs: number | undefined;
  #ttlMs: number | undefined;

  /** As of the last update. Undefined if there is none. */
  get ttlMs(): number | undefined {
    return this.#ttlMs;
  }

  /** A question was asked again, after so long, and after so long the time before. */
  repeated(afterMs: number, beforeMs: number): void {
    const lessMs = Math.min(afterMs, beforeMs);
    if (Math.max(afterMs, beforeMs) > (1 + EQUAL) * lessMs) return;
    this.#equalMs[this.#next % REMEMBERED] = lessMs;
    this.#next += 1;
  }

  /** Looks for it. Two looks in a row must agree. @param firstMs the shorter TTL */
  update(firstMs: number): void {
    const sorted = Float64Array.from(this.#equalMs).sort();
    if (this.#ttlMs !== undefined && isEdge(sorted, this.#ttlMs, STAYS)) return;
    const foundMs = sorted.length < MIN_PAIRS ? undefined : strongestEdge(sorted, MIN_RATIO * firstMs);
    const agrees =
      foundMs !== undefined &&
      this.#candidateMs !== undefined &&
      Math.abs(Math.log(foundMs / this.#candidateMs)) < EQUAL;
    this.#ttlMs = agrees ? foundMs : undefined;
    this.#candidateMs = foundMs;
  }

  forget(): void {
    this.#equalMs = [];
    this.#next = 0;
    this.#candidateMs = this.#ttlMs = undefined;
  }
}

function strongestEdge(sorted: Float64Array, fromMs: number): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (const edgeMs of sorted) {
    if (edgeMs < fromMs) continue;
    const above = countIn(sorted, edgeMs, (1 + EQUAL) * edgeMs);
    if (above > most && isEdge(sorted, edgeMs, 1)) {
      most = above;
      best = edgeMs;
    }
  }
  return best;
}

/** @param part of what is asked for */
function isEdge(sorted: Float64Array, edgeMs: number, part: number): boolean {
  const above = countIn(sorted, edgeMs, (1 + EQUAL) * edgeMs);
  const below = countIn(sorted, edgeMs / (1 + EQUAL), edgeMs);
  return above >= part * Math.max(MIN_PAIRS, MIN_SHARE * sorted.length) && above >= part * RISE * (below + 1);
}

function countIn(sorted: Float64Array, fromMs: number, toMs: number): number {
  return firstFrom(sorted, toMs) - firstFrom(sorted, fromMs);
}
