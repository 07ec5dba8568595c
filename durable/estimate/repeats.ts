import { SecondTtl } from "./second-ttl.ts";

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
/** A second TTL is looked for once in so many samples. */
const SECOND_EVERY = 20;
/** Weight of what was counted before, after each sample. */
const FADE = 0.99;

export class RepeatTtl {
  #intervalsMs: number[] = [];
  #next = 0;
  #changed = false;
  #ttlMs: number | undefined;
  readonly #second = new SecondTtl();
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
  /** After a loss of the cache no question comes back with an expired answer for a while. */
  #resumesAtMs = Number.NEGATIVE_INFINITY;

  /** A longer TTL that other entries have. Undefined if there is none. */
  get longerTtlMs(): number | undefined {
    return this.#second.ttlMs;
  }

  /** Some intervals are clearly shorter: the TTL may have become shorter. */
  get isDoubtful(): boolean {
    return this.#shorter >= DOUBT;
  }

  /** A repeat has agreed with the TTL since the sample before the last. */
  get isConfirmed(): boolean {
    return this.#ttlMs !== undefined && this.#missed === 0;
  }

  /** The lower edge of the intervals; undefined while there are too few. Stays until repeats contradict it. */
  get ttlMs(): number | undefined {
    return this.#ttlMs;
  }

  /**
   * A question was asked again so long after its last time, without a loss of the cache in between.
   * @param beforeMs the same of the time before, if it is known
   */
  repeated(afterMs: number, beforeMs?: number): void {
    if (beforeMs !== undefined) this.#second.repeated(afterMs, beforeMs);
    this.#intervalsMs[this.#next % REMEMBERED] = afterMs;
    this.#next += 1;
    this.#changed = true;
    if (this.#ttlMs === undefined || afterMs > PROMPT * this.#ttlMs) return;
    this.#promptNow += 1;
    if (afterMs < CLEARLY_SHORTER * this.#ttlMs) this.#shorter += 1;
  }

  /** The cache is lost. */
  emptied(nowMs: number): void {
    this.#resumesAtMs = nowMs + PROMPT * (this.#ttlMs ?? 0);
  }

  /** Call at each sample. @param requests since the last one */
  update(nowMs: number, requests: number): void {
    this.#updates += 1;
    if (this.#changed) {
      this.#moveTo(lowerEdge(Float64Array.from(this.#intervalsMs).sort()));
      if (this.#ttlMs !== undefined && this.#updates % SECOND_EVERY === 0) this.#second.update(this.#ttlMs);
    }
    this.#changed = false;
    if (this.#ttlMs === undefined) return;
    this.#shorter *= FADE;
    if (nowMs < this.#resumesAtMs) return;
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
    if (this.#missed >= MISSED && nowMs - this.#quietSinceMs > this.#ttlMs) this.#forget(nowMs);
  }

  /** Rare repeats do not make the TTL longer: only prompt ones that fail to come do. */
  #moveTo(edgeMs: number | undefined): void {
    if (edgeMs === undefined) return;
    if (this.#ttlMs !== undefined && edgeMs > (1 + EDGE_WIDTH) * this.#ttlMs) return;
    if (this.#ttlMs !== undefined && edgeMs < CLEARLY_SHORTER * this.#ttlMs) {
      this.#shorter = 0;
      this.#second.forget();
    }
    this.#ttlMs = edgeMs;
  }

  #forget(nowMs: number): void {
    this.#intervalsMs = [];
    this.#next = 0;
    this.#ttlMs = undefined;
    this.#second.forget();
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
