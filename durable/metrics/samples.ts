/**
 * A ring buffer of samples: everything the estimator knows about a filter.
 *
 * Uses parallel typed arrays of a fixed size: pushing allocates nothing, and a service that runs for months holds no more
 * than one that runs for three hours. Indices count from the oldest sample still held.
 */

/** The state at one moment, and what happened since the previous sample. */
export interface Sample {
  /** The generation that ran; a sample never spans two. */
  generation: number;
  /** Wall clock, milliseconds since 1970. */
  timeMs: number;
  /** Linear memory of the instance, in bytes. */
  allocatedBytes: number;
  /** Pages of 65,536 bytes grown since the previous sample. */
  grownPages: number;
  /** Calls to the authorization server since the previous sample. */
  outbound: number;
  /** Requests decided since the previous sample. */
  requests: number;
  /** Requests answered from the filter's cache since the previous sample. */
  hits: number;
}

/** Samples as they are stored: one row each, columns in the order of `toJSON`. */
export interface StoredSamples {
  v: 1;
  rows: number[][];
}

/** Nearly three hours at one sample every ten seconds. */
export const DEFAULT_CAPACITY = 1_024;

/** Number of stored samples: forty minutes at one every ten seconds, and at most 24 KB of JSON for any numbers. */
export const STORED_SAMPLES = 240;

const STORED_COLUMNS = 7;
const MAX_COUNT = 2 ** 32 - 1;
/** The latest time a JavaScript Date can represent; it limits a stored time to 16 digits. */
const MAX_TIME_MS = 8.64e15;

export class Samples {
  readonly capacity: number;
  readonly #generation: Uint32Array;
  readonly #timeMs: Float64Array;
  readonly #allocatedBytes: Float64Array;
  readonly #grownPages: Uint32Array;
  readonly #outbound: Uint32Array;
  readonly #requests: Uint32Array;
  readonly #hits: Uint32Array;
  #oldest = 0;
  #length = 0;
  #overwritten = 0;

  /** @throws RangeError if `capacity` is not a positive whole number. */
  constructor(capacity = DEFAULT_CAPACITY) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity of the sample buffer: found ${capacity}, must be a whole number from 1`);
    }
    this.capacity = capacity;
    this.#generation = new Uint32Array(capacity);
    this.#timeMs = new Float64Array(capacity);
    this.#allocatedBytes = new Float64Array(capacity);
    this.#grownPages = new Uint32Array(capacity);
    this.#outbound = new Uint32Array(capacity);
    this.#requests = new Uint32Array(capacity);
    this.#hits = new Uint32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Number of samples overwritten by newer ones. */
  get overwritten(): number {
    return this.#overwritten;
  }

  /**
   * Adds the newest sample and overwrites the oldest if the buffer is full. Invalid numbers are replaced with the nearest valid
   * ones (NaN and negative numbers with 0), so that readers need not expect them.
   */
  push(sample: Readonly<Sample>): void {
    const slot = (this.#oldest + this.#length) % this.capacity;
    this.#generation[slot] = clampWhole(sample.generation, MAX_COUNT);
    this.#timeMs[slot] = clamp(sample.timeMs, MAX_TIME_MS);
    this.#allocatedBytes[slot] = clampWhole(sample.allocatedBytes, Number.MAX_SAFE_INTEGER);
    this.#grownPages[slot] = clampWhole(sample.grownPages, MAX_COUNT);
    this.#outbound[slot] = clampWhole(sample.outbound, MAX_COUNT);
    this.#requests[slot] = clampWhole(sample.requests, MAX_COUNT);
    this.#hits[slot] = clampWhole(sample.hits, MAX_COUNT);
    if (this.#length < this.capacity) {
      this.#length += 1;
    } else {
      this.#oldest = (this.#oldest + 1) % this.capacity;
      this.#overwritten += 1;
    }
  }

  generationAt(index: number): number {
    return this.#generation[this.#slot(index)]!;
  }

  timeMsAt(index: number): number {
    return this.#timeMs[this.#slot(index)]!;
  }

  allocatedBytesAt(index: number): number {
    return this.#allocatedBytes[this.#slot(index)]!;
  }

  grownPagesAt(index: number): number {
    return this.#grownPages[this.#slot(index)]!;
  }

  outboundAt(index: number): number {
    return this.#outbound[this.#slot(index)]!;
  }

  /**
   * The sample at `index` as an object; 0 is the oldest held.
   * @throws RangeError outside of 0 .. length - 1, as do the column getters above.
   */
  at(index: number): Sample {
    const slot = this.#slot(index);
    return {
      generation: this.#generation[slot]!,
      timeMs: this.#timeMs[slot]!,
      allocatedBytes: this.#allocatedBytes[slot]!,
      grownPages: this.#grownPages[slot]!,
      outbound: this.#outbound[slot]!,
      requests: this.#requests[slot]!,
      hits: this.#hits[slot]!,
    };
  }

  /** The newest `count` samples as objects, oldest first. */
  recent(count: number): Sample[] {
    const from = this.#length - Math.floor(clamp(count, this.#length));
    return Array.from({ length: this.#length - from }, (_, offset) => this.at(from + offset));
  }

  /**
   * Index of the oldest sample held of a generation if that generation was sampled last, otherwise `length`. A loop from here to
   * `length` covers exactly that generation's samples.
   */
  firstOf(generation: number): number {
    let first = this.#length;
    while (first > 0 && this.generationAt(first - 1) === generation) first -= 1;
    return first;
  }

  /** The newest samples in compact form for storage: at most `STORED_SAMPLES`, and at most 24 KB of JSON. */
  toJSON(): StoredSamples {
    return {
      v: 1,
      rows: this.recent(STORED_SAMPLES).map((sample) => [
        sample.generation,
        Math.round(sample.timeMs),
        sample.allocatedBytes,
        sample.grownPages,
        sample.outbound,
        sample.requests,
        sample.hits,
      ]),
    };
  }

  /**
   * Appends stored samples (the result of `toJSON`, or its JSON text) to those already held. Skips unreadable rows: another
   * version may have written them, and lost samples are no reason to fail a request.
   * @returns number of samples restored.
   */
  restore(stored: unknown): number {
    const rows = storedRows(stored);
    let taken = 0;
    for (const row of rows) {
      if (!isStoredRow(row)) continue;
      const [generation, timeMs, allocatedBytes, grownPages, outbound, requests, hits] = row;
      this.push({ generation, timeMs, allocatedBytes, grownPages, outbound, requests, hits });
      taken += 1;
    }
    return taken;
  }

  #slot(index: number): number {
    if (!(index >= 0 && index < this.#length)) {
      throw new RangeError(`sample ${index}: must be 0 to ${this.#length - 1}`);
    }
    return (this.#oldest + index) % this.capacity;
  }
}

type StoredRow = [
  generation: number,
  timeMs: number,
  allocatedBytes: number,
  grownPages: number,
  outbound: number,
  requests: number,
  hits: number,
];

function storedRows(stored: unknown): unknown[] {
  let value = stored;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return [];
    }
  }
  if (typeof value !== "object" || value === null) return [];
  const { v, rows } = value as Partial<Record<keyof StoredSamples, unknown>>;
  // We never write a longer list; reading no more than we write limits the work it can cause.
  return v === 1 && Array.isArray(rows) ? rows.slice(-STORED_SAMPLES) : [];
}

function isStoredRow(row: unknown): row is StoredRow {
  return Array.isArray(row) && row.length === STORED_COLUMNS && row.every((cell) => Number.isFinite(cell) && cell >= 0);
}

function clamp(value: number, max: number): number {
  return value > 0 ? Math.min(value, max) : 0;
}

function clampWhole(value: number, max: number): number {
  return Math.floor(clamp(value, max));
}
