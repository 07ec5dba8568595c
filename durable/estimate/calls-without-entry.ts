import type { Sample } from "../metrics/samples.ts";

/** A sample with more denials and failures than this, for each call that made an entry, is flooded. */
const FLOOD = 0.25;

/** A sample without the calls that made no entry, and without their requests. */
export interface EntryCalls {
  readonly outbound: number;
  readonly requests: number;
  /** Denials may have caused the growth in it, so that it says nothing about entries. */
  readonly isFlooded: boolean;
}

/** Counts denials and failures: calls that make no entry that lives for the TTL (docs/model.md, point 1). */
export class CallsWithoutEntry {
  #sinceSample = 0;
  #total = 0;
  #floodedAtMs = Number.NEGATIVE_INFINITY;

  /** Calls up to the last sample, over all generations. */
  get total(): number {
    return this.#total;
  }

  /** A call was denied or failed. */
  add(): void {
    this.#sinceSample += 1;
  }

  /** The rest of a sample. Call once for each sample. */
  takenFrom(sample: Pick<Sample, "timeMs" | "outbound" | "requests">): EntryCalls {
    const others = this.#sinceSample;
    this.#sinceSample = 0;
    this.#total += others;
    const outbound = Math.max(0, sample.outbound - others);
    const isFlooded = others > FLOOD * outbound;
    if (isFlooded) this.#floodedAtMs = sample.timeMs;
    return { outbound, requests: Math.max(0, sample.requests - others), isFlooded };
  }

  /** Whether one of the samples of the last `windowMs` was flooded. */
  haveFlooded(nowMs: number, windowMs: number): boolean {
    return nowMs - this.#floodedAtMs < windowMs;
  }
}
