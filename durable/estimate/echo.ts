import type { OutboundCurve } from "./outbound-curve.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/** Each side of the step that is looked for, as a share of the TTL. */
const SIDE = 0.25;
/** Steps of so many standard deviations, all lives together, are no chance … */
const CLEAR_STEP = 5;
/** … if they were seen in so many lives. Other steps come from the load, and at other ages each time. */
const MIN_LIVES = 2;
/** What an older life counts, once there is one more. */
const FADE = 0.8;

/**
 * A witness of the TTL that needs no memory reading (docs/model.md, identity 7). A fresh instance knows nothing: its misses
 * become fewer with age, until at the age of one TTL the first entries expire and are fetched again, all at once. For
 * every candidate the share of misses just before that age is compared with that just after it.
 */
export class MissEcho {
  readonly #grid: Float64Array;
  /** Sums over lives of the step at each candidate, in standard deviations, and of their squares' expectation. */
  readonly #steps = new Float64Array(CANDIDATES);
  readonly #lives = new Float64Array(CANDIDATES);
  /** Candidates below this one have been looked at in the present life. */
  #next = 0;

  constructor(grid: Float64Array) {
    this.#grid = grid;
  }

  /** A fresh instance. @param lossless it was handed the cache, so that there is nothing to hear */
  started(lossless: boolean): void {
    this.#next = lossless ? CANDIDATES : 0;
  }

  /** After a sample was added to the curve of the present life. */
  update(curve: OutboundCurve, startedMs: number): void {
    const ageMs = curve.endMs - startedMs;
    while (this.#next < CANDIDATES && this.#grid[this.#next]! * (1 + SIDE) <= ageMs) {
      const c = this.#next;
      const atMs = startedMs + this.#grid[c]!;
      const sideMs = SIDE * this.#grid[c]!;
      const step = stepOf(curve, atMs - sideMs, atMs, atMs + sideMs);
      this.#steps[c] = FADE * this.#steps[c]! + step;
      this.#lives[c] = FADE * FADE * this.#lives[c]! + 1;
      this.#next += 1;
    }
  }

  /** The TTL that the echoes speak for, within bounds; undefined if they say nothing. */
  ttlMs(minMs: number, maxMs: number): number | undefined {
    let best = -1;
    let bestStep = CLEAR_STEP;
    for (let c = 0; c < CANDIDATES; c += 1) {
      if (this.#grid[c]! < minMs || this.#grid[c]! > maxMs || this.#lives[c]! < MIN_LIVES * FADE * FADE) continue;
      const step = this.#steps[c]! / Math.sqrt(this.#lives[c]!);
      if (step <= bestStep) continue;
      bestStep = step;
      best = c;
    }
    return best < 0 ? undefined : this.#grid[best]!;
  }
}

/** By how many standard deviations the share of misses is greater in [atMs, toMs) than in [fromMs, atMs). */
function stepOf(curve: OutboundCurve, fromMs: number, atMs: number, toMs: number): number {
  const requestsBefore = curve.requestsIn(fromMs, atMs);
  const requestsAfter = curve.requestsIn(atMs, toMs);
  if (!(requestsBefore >= 1 && requestsAfter >= 1)) return 0;
  const missesBefore = curve.callsIn(fromMs, atMs);
  const missesAfter = curve.callsIn(atMs, toMs);
  const share = Math.min(1, (missesBefore + missesAfter) / (requestsBefore + requestsAfter));
  const variance = share * (1 - share) * (1 / requestsBefore + 1 / requestsAfter);
  return variance > 0 ? (missesAfter / requestsAfter - missesBefore / requestsBefore) / Math.sqrt(variance) : 0;
}
