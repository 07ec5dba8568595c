import { DEFAULT_CAPACITY } from "../metrics/samples.ts";

/**
 * Outbound calls and requests of one generation as curves over time. Between two samples the curves are straight lines. The
 * oldest samples are dropped, but the totals still count them.
 */
export class OutboundCurve {
  readonly #timeMs = new Float64Array(DEFAULT_CAPACITY);
  readonly #outbound = new Float64Array(DEFAULT_CAPACITY);
  readonly #requests = new Float64Array(DEFAULT_CAPACITY);
  /** Number of points ever added; only the last `DEFAULT_CAPACITY` are held. */
  #points = 0;

  constructor(startMs: number) {
    this.#add(startMs, 0, 0);
  }

  /** Time of the newest point. */
  get endMs(): number {
    return this.#timeMs[(this.#points - 1) % DEFAULT_CAPACITY]!;
  }

  /** Index of the oldest point held; cursors of `callsBefore` start here. */
  get first(): number {
    return Math.max(0, this.#points - DEFAULT_CAPACITY);
  }

  /** Total calls since the start. */
  get outbound(): number {
    return this.#outbound[(this.#points - 1) % DEFAULT_CAPACITY]!;
  }

  get requests(): number {
    return this.#requests[(this.#points - 1) % DEFAULT_CAPACITY]!;
  }

  /** Adds a sample. If the clock was set back, the sample gets the time of the newest point. */
  push(timeMs: number, outbound: number, requests: number): void {
    this.#add(Math.max(timeMs, this.endMs), this.outbound + outbound, this.requests + requests);
  }

  /** The last point at or before a time, searched from `cursor` on; `cursor` or the oldest point held if all are later. */
  advance(cursor: number, timeMs: number): number {
    let point = Math.max(cursor, this.first);
    while (point + 1 < this.#points && this.#timeMs[(point + 1) % DEFAULT_CAPACITY]! <= timeMs) point += 1;
    return point;
  }

  /** Calls from the start to a time between the point `cursor` and the next one. */
  callsBefore(timeMs: number, cursor: number): number {
    return this.#between(this.#outbound, timeMs, cursor);
  }

  /** Calls made in (fromMs, toMs]. */
  callsIn(fromMs: number, toMs: number): number {
    return this.#countIn(this.#outbound, fromMs, toMs);
  }

  /** Requests in (fromMs, toMs]. */
  requestsIn(fromMs: number, toMs: number): number {
    return this.#countIn(this.#requests, fromMs, toMs);
  }

  /** Requests in (fromMs, now]. */
  requestsSince(fromMs: number): number {
    return this.requestsIn(fromMs, this.endMs);
  }

  /** The calls since a time, newest first, one piece for each sample: their number and the middle of the sample's time. */
  *piecesSince(fromMs: number): Generator<{ calls: number; middleMs: number; lengthMs: number }> {
    for (let point = this.#points - 1; point > this.first; point -= 1) {
      const endMs = this.#timeMs[point % DEFAULT_CAPACITY]!;
      if (endMs <= fromMs) return;
      const startMs = this.#timeMs[(point - 1) % DEFAULT_CAPACITY]!;
      const calls = this.#outbound[point % DEFAULT_CAPACITY]! - this.#outbound[(point - 1) % DEFAULT_CAPACITY]!;
      const cutMs = Math.max(startMs, fromMs);
      const share = endMs > startMs ? (endMs - cutMs) / (endMs - startMs) : 1;
      yield { calls: calls * share, middleMs: (cutMs + endMs) / 2, lengthMs: endMs - cutMs };
    }
  }

  #add(timeMs: number, outbound: number, requests: number): void {
    const slot = this.#points % DEFAULT_CAPACITY;
    this.#timeMs[slot] = timeMs;
    this.#outbound[slot] = outbound;
    this.#requests[slot] = requests;
    this.#points += 1;
  }

  #countIn(column: Float64Array, fromMs: number, toMs: number): number {
    const to = this.#between(column, toMs, this.#at(toMs));
    return Math.max(0, to - this.#between(column, fromMs, this.#at(fromMs)));
  }

  #between(column: Float64Array, timeMs: number, point: number): number {
    const startMs = this.#timeMs[point % DEFAULT_CAPACITY]!;
    const start = column[point % DEFAULT_CAPACITY]!;
    if (timeMs <= startMs || point + 1 >= this.#points) return start;
    const endMs = this.#timeMs[(point + 1) % DEFAULT_CAPACITY]!;
    const end = column[(point + 1) % DEFAULT_CAPACITY]!;
    return start + ((end - start) * (timeMs - startMs)) / (endMs - startMs);
  }

  #at(timeMs: number): number {
    let low = this.first;
    let high = this.#points - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#timeMs[middle % DEFAULT_CAPACITY]! <= timeMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
