/**
 * A model of a filter with a decision cache, for tests of the estimator and the policies: entries of one size that live
 * for one TTL from their write, freed space reused first, linear memory that only grows. Time is virtual, chance seeded.
 */

import { Samples } from "../../metrics/samples.ts";

export const PAGE_BYTES = 65_536;

export interface CacheGuestOptions {
  seed: number;
  ttlMs: number;
  /** Requests per second at a time since the start; Poisson arrivals of this mean. */
  requestsPerSecond: (timeMs: number) => number;
  entryBytes?: number;
  /** Bytes in use before the first entry. */
  fixedBytes?: number;
  /** Clients that take turns at random; few of them make many hits. */
  clients?: number;
  /** How many pages to grow by, at least one, when `pages` are full. One by default. */
  growBy?: (pages: number) => number;
  sampleIntervalMs?: number;
  startMs?: number;
  generation?: number;
}

/** The guest and what its host would count, run forward in steps of one sample. */
export class CacheGuest {
  readonly samples: Samples;
  readonly startedMs: number;
  readonly startAllocatedBytes: number;
  nowMs: number;
  #pages: number;
  readonly #options: Required<CacheGuestOptions>;
  readonly #random: () => number;
  /** Expiry by client; writes are in order of time, so the map's order is that of expiry too. */
  readonly #expiryMs = new Map<number, number>();
  #nextArrivalMs: number;

  constructor(options: CacheGuestOptions, samples = new Samples()) {
    this.#options = {
      entryBytes: 2_225,
      fixedBytes: 100_000,
      clients: 20_000,
      growBy: () => 1,
      sampleIntervalMs: 10_000,
      startMs: 1_700_000_000_000,
      generation: 1,
      ...options,
    };
    this.samples = samples;
    this.startedMs = this.#options.startMs;
    this.nowMs = this.startedMs;
    this.#random = mulberry32(options.seed);
    this.#pages = Math.ceil(this.#options.fixedBytes / PAGE_BYTES);
    this.startAllocatedBytes = this.allocatedBytes;
    this.#nextArrivalMs = this.nowMs + this.#gapMs();
  }

  get allocatedBytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  /** The truth that the estimator cannot see. */
  get requiredBytes(): number {
    return this.#options.fixedBytes + this.#expiryMs.size * this.#options.entryBytes;
  }

  get ageMs(): number {
    return this.nowMs - this.startedMs;
  }

  /** Runs until the next sample is taken. */
  step(): void {
    const { sampleIntervalMs, clients, ttlMs, generation } = this.#options;
    const endMs = this.nowMs + sampleIntervalMs;
    const pagesBefore = this.#pages;
    let requests = 0;
    let hits = 0;
    while (this.#nextArrivalMs <= endMs) {
      this.nowMs = this.#nextArrivalMs;
      this.#nextArrivalMs += this.#gapMs();
      this.#expire();
      requests += 1;
      const client = Math.floor(this.#random() * clients);
      if (this.#expiryMs.has(client)) {
        hits += 1;
      } else {
        this.#expiryMs.set(client, this.nowMs + ttlMs);
        if (this.requiredBytes > this.allocatedBytes) this.#pages += Math.max(1, this.#options.growBy(this.#pages));
      }
    }
    this.nowMs = endMs;
    this.#expire();
    this.samples.push({
      generation,
      timeMs: endMs,
      allocatedBytes: this.allocatedBytes,
      grownPages: this.#pages - pagesBefore,
      outbound: requests - hits,
      requests,
      hits,
    });
  }

  /** Runs until the guest is `ageMs` old, calling back after each sample. */
  runUntil(ageMs: number, afterSample: () => void = () => undefined): void {
    while (this.ageMs < ageMs) {
      this.step();
      afterSample();
    }
  }

  #expire(): void {
    for (const [client, expiryMs] of this.#expiryMs) {
      if (expiryMs > this.nowMs) return;
      this.#expiryMs.delete(client);
    }
  }

  #gapMs(): number {
    const perSecond = Math.max(this.#options.requestsPerSecond(this.nowMs - this.startedMs), 1e-6);
    return (-Math.log(1 - this.#random()) / perSecond) * 1_000;
  }
}

/** A small seeded generator of numbers from 0 up to 1 (mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
