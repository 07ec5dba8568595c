import type { OutboundCurve } from "./outbound-curve.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/** Time compared on each side of the step, as a share of the TTL. */
const SIDE = 0.25;
/** A step of this many standard deviations over all generations is significant … */
const CLEAR_STEP = 5;
/** … if this many generations showed it. A step caused by the load comes at a different age each time. */
const MIN_LIVES = 2;
/** Each new generation multiplies the weight of the older ones by this. */
const FADE = 0.8;

/**
 * An estimate of the TTL that needs no memory reading (docs/model.md, identity 7). A fresh instance has an empty cache, and
 * its misses become fewer as the cache fills. At the age of one TTL the first entries expire, and the misses rise again.
 * For every candidate, this compares the share of misses just before that age with the share just after it.
 */
export class MissEcho {
  readonly #grid: Float64Array;
  /** For each candidate, the sum of its steps over the generations, in standard deviations. */
  readonly #steps = new Float64Array(CANDIDATES);
  /** For each candidate, the variance of that sum: the number of generations, faded ones in part. */
  readonly #lives = new Float64Array(CANDIDATES);
  /** The first candidate not yet examined in the current generation. */
  #next = 0;

  constructor(grid: Float64Array) {
    this.#grid = grid;
  }

  /** A fresh instance started. @param lossless it took over the cache, so its misses show no echo */
  started(lossless: boolean): void {
    this.#next = lossless ? CANDIDATES : 0;
  }

  /** Call after each sample was added to the curve of the current generation. */
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

  /** The TTL with the clearest echo within the bounds; undefined if no echo is clear. */
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

/** Rise of the share of misses from (fromMs, atMs] to (atMs, toMs], in standard deviations. */
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
