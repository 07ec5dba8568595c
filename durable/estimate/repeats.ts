import { firstFrom } from "./first-from.ts";

/**
 * The TTL from repeats (docs/model.md, point 4). While a cache is not lost, it asks the same question again only after
 * the answer has expired. So no interval between equal calls is shorter than the TTL, and those of clients that come often
 * are hardly longer: the lower edge of the intervals is the TTL.
 */

/** The newest intervals that count. */
const REMEMBERED = 400;
/** Fewer intervals show no edge. */
const MIN_INTERVALS = 10;
/** The edge is the shortest interval with so many others close above it; single shorter ones are purges or evictions. */
const MIN_AT_EDGE = 4;
/** "Close above" in relation to the interval. */
const EDGE_WIDTH = 0.05;
/** Share of the intervals that may be shorter. */
const MAX_SHORTER = 0.02;
/** Repeats up to this many times the TTL come from clients that come often. They stop if the TTL becomes longer. */
const PROMPT = 1.5;
/** The TTL is no longer true once so many prompt repeats were expected and none came. */
const MISSED = 14;
/** An interval below this share of the TTL contradicts it; so many make it doubtful. */
const CLEARLY_SHORTER = 0.8;
const DOUBT = 2.5;
/** A second TTL is at least so many times the first … */
const APART = 1.5;
/** … and this share of the intervals lies close above it, and several times as many as close below. */
const MIN_SHARE_AT_SECOND = 0.12;
const MIN_AT_SECOND = 30;
const SECOND_WIDTH = 0.1;
const SECOND_RISE = 5;
/** It is looked for once in so many samples, and must be found several times in a row. */
const SECOND_EVERY = 20;
const SECOND_AGREEMENTS = 2;
/** Weight of what was counted before, after each sample. */
const FADE = 0.99;

export class RepeatTtl {
  #intervalsMs: number[] = [];
  #next = 0;
  #changed = false;
  #ttlMs: number | undefined;
  #secondMs: number | undefined;
  #secondCandidate: number | undefined;
  #secondAgreements = 0;
  #updates = 0;
  /** Means for each sample, faded. */
  #prompt = 0;
  #requests = 0;
  /** Prompt repeats since the last sample. */
  #promptNow = 0;
  /** Intervals that are clearly shorter than the TTL, faded. */
  #shorter = 0;
  /** Prompt repeats expected since the last one came, and its time. */
  #missed = 0;
  #quietSinceMs = 0;

  /** A longer TTL that other entries have: a second edge among the intervals. Undefined if there is none. */
  get secondTtlMs(): number | undefined {
    return this.#secondMs;
  }

  /** Some intervals are clearly shorter: the TTL may have become shorter. */
  get isDoubtful(): boolean {
    return this.#shorter >= DOUBT;
  }

  /** The lower edge of the intervals; undefined while there are too few. Stays until repeats contradict it. */
  get ttlMs(): number | undefined {
    return this.#ttlMs;
  }

  /** A question was asked again so long after its last time, without a loss of the cache in between. */
  repeated(afterMs: number): void {
    this.#intervalsMs[this.#next % REMEMBERED] = afterMs;
    this.#next += 1;
    this.#changed = true;
    if (this.#ttlMs === undefined || afterMs > PROMPT * this.#ttlMs) return;
    this.#promptNow += 1;
    if (afterMs < CLEARLY_SHORTER * this.#ttlMs) this.#shorter += 1;
  }

  /** Call at each sample. @param requests since the last one */
  update(nowMs: number, requests: number): void {
    this.#updates += 1;
    if (this.#changed) {
      const sorted = Float64Array.from(this.#intervalsMs).sort();
      this.#moveTo(lowerEdge(sorted));
      if (this.#ttlMs !== undefined && this.#updates % SECOND_EVERY === 0) {
        this.#noteSecond(secondEdge(sorted, this.#ttlMs));
      }
    }
    this.#changed = false;
    if (this.#ttlMs === undefined) return;
    if (this.#promptNow > 0) {
      this.#missed = 0;
      this.#quietSinceMs = nowMs;
    } else if (this.#requests > 0) {
      // With half the requests, half as many clients come back, and each of them takes twice as long.
      const load = requests / this.#requests;
      this.#missed += this.#prompt * load * Math.min(1, load);
    }
    this.#prompt += (1 - FADE) * (this.#promptNow - this.#prompt);
    this.#requests += (1 - FADE) * (requests - this.#requests);
    this.#promptNow = 0;
    this.#shorter *= FADE;
    if (this.#missed >= MISSED && nowMs - this.#quietSinceMs > this.#ttlMs) this.#forget(nowMs);
  }

  /** Rare repeats do not make the TTL longer: only prompt ones that fail to come do. */
  #moveTo(edgeMs: number | undefined): void {
    if (edgeMs === undefined) return;
    if (this.#ttlMs !== undefined && edgeMs > (1 + EDGE_WIDTH) * this.#ttlMs) return;
    if (this.#ttlMs !== undefined && edgeMs < CLEARLY_SHORTER * this.#ttlMs) {
      this.#shorter = 0;
      this.#secondMs = undefined;
    }
    this.#ttlMs = edgeMs;
  }

  #noteSecond(edgeMs: number | undefined): void {
    const candidate = this.#secondCandidate;
    const agrees = edgeMs !== undefined && candidate !== undefined && Math.abs(edgeMs / candidate - 1) <= EDGE_WIDTH;
    this.#secondAgreements = agrees ? this.#secondAgreements + 1 : 0;
    this.#secondCandidate = edgeMs;
    if (this.#secondAgreements >= SECOND_AGREEMENTS) this.#secondMs = edgeMs;
  }

  #forget(nowMs: number): void {
    this.#intervalsMs = [];
    this.#next = 0;
    this.#ttlMs = this.#secondMs = undefined;
    this.#prompt = this.#requests = this.#missed = this.#shorter = 0;
    this.#quietSinceMs = nowMs;
  }
}

/**
 * The shortest interval that enough others follow closely. Undefined if more than a few are shorter: then intervals are
 * rare everywhere, and some lie close by chance.
 */
function lowerEdge(sorted: Float64Array): number | undefined {
  if (sorted.length < MIN_INTERVALS) return undefined;
  const shorter = Math.max(1, Math.floor(MAX_SHORTER * sorted.length));
  for (let first = 0; first <= shorter && first + MIN_AT_EDGE <= sorted.length; first += 1) {
    if (sorted[first + MIN_AT_EDGE - 1]! <= (1 + EDGE_WIDTH) * sorted[first]!) return sorted[first];
  }
  return undefined;
}

/**
 * Where intervals become dense again above the TTL. Of one kind of entries they become rarer from the TTL on, since the
 * clients that come often are back first.
 */
function secondEdge(sorted: Float64Array, ttlMs: number): number | undefined {
  const countIn = (fromMs: number, toMs: number): number => firstFrom(sorted, toMs) - firstFrom(sorted, fromMs);
  const needed = Math.max(MIN_AT_SECOND, MIN_SHARE_AT_SECOND * sorted.length);
  for (const edgeMs of sorted) {
    if (edgeMs < APART * ttlMs) continue;
    const above = countIn(edgeMs, edgeMs * (1 + SECOND_WIDTH));
    const below = countIn(edgeMs / (1 + SECOND_WIDTH), edgeMs);
    if (above >= needed && above >= SECOND_RISE * (below + 1)) return edgeMs;
  }
  return undefined;
}
