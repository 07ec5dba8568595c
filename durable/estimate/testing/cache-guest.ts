/**
 * A model of a filter with a decision cache, for tests of the estimator and the policies. Entries live for one TTL from
 * their write, freed space is reused first, and linear memory only grows; options break these assumptions. Time is
 * virtual, and random numbers are seeded.
 */

import { seededRandom } from "../../../scripts/traffic/random.ts";
import { PAGE_BYTES } from "../../../wasm/byte-units.ts";
import { Samples } from "../../metrics/samples.ts";

export interface CacheGuestOptions {
  seed: number;
  ttlMs: number;
  /** Mean rate of Poisson arrivals, in requests per second, at a time since the start. */
  requestsPerSecond: (timeMs: number) => number;
  entryBytes?: number;
  /** Random sizes of entries, instead of `entryBytes`. Freed space is reused only for entries of the same size. */
  sizeClasses?: readonly number[];
  /** When the space of an expired entry can be reused. `everyMs`: when a collector runs, at this interval. */
  frees?: "at-expiry" | "when-touched" | { readonly everyMs: number };
  /** Whether a hit prolongs an entry's life. */
  sliding?: boolean;
  /** Bytes that each write leaks. */
  leakBytes?: number;
  /** A buffer used once, at this age of the guest; ignored unless the age is positive. */
  transient?: { readonly atMs: number; readonly bytes: number };
  /** Bytes in use before the first entry. */
  fixedBytes?: number;
  /** Number of clients, each equally likely to send the next request; fewer clients make more hits. */
  clients?: number;
  /** Pages to grow by when `pages` are full; at least one. Default one. */
  growBy?: (pages: number) => number;
  sampleIntervalMs?: number;
  startMs?: number;
  /** Called at each outbound call. */
  onCall?: (client: number, nowMs: number) => void;
  generation?: number;
}

/** The guest and its host's counters, run forward in steps of one sample. */
export class CacheGuest {
  readonly samples: Samples;
  readonly startedMs: number;
  readonly startAllocatedBytes: number;
  nowMs: number;
  #pages: number;
  /** Totals since the start. */
  readonly counts = { requests: 0, hits: 0, outbound: 0 };
  readonly #options: Required<CacheGuestOptions>;
  readonly #random: () => number;
  /** By client, in order of expiry. */
  readonly #entries = new Map<number, { expiryMs: number; sizeBytes: number }>();
  /** Sizes of expired entries that still take space, by client. */
  readonly #stale = new Map<number, number>();
  /** Number of free slots by size of entry. */
  readonly #free = new Map<number, number>();
  /** Total space for entries, in use or free. */
  #heapBytes = 0;
  #liveBytes = 0;
  #collectedMs: number;
  #nextArrivalMs: number;

  constructor(options: CacheGuestOptions, samples = new Samples()) {
    this.#options = {
      entryBytes: 2_225,
      sizeClasses: [options.entryBytes ?? 2_225],
      fixedBytes: 100_000,
      clients: 20_000,
      growBy: () => 1,
      frees: "at-expiry",
      sliding: false,
      leakBytes: 0,
      transient: { atMs: Number.POSITIVE_INFINITY, bytes: 0 },
      sampleIntervalMs: 10_000,
      startMs: 1_700_000_000_000,
      generation: 1,
      onCall: () => undefined,
      ...options,
    };
    this.samples = samples;
    this.startedMs = this.#options.startMs;
    this.nowMs = this.startedMs;
    this.#collectedMs = this.startedMs;
    this.#random = seededRandom(options.seed);
    this.#pages = Math.ceil(this.#options.fixedBytes / PAGE_BYTES);
    this.startAllocatedBytes = this.allocatedBytes;
    this.#nextArrivalMs = this.nowMs + this.#gapMs();
  }

  get allocatedBytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  /** The true required bytes, which the estimator cannot see. */
  get requiredBytes(): number {
    return this.#options.fixedBytes + this.#liveBytes;
  }

  get ageMs(): number {
    return this.nowMs - this.startedMs;
  }

  /** Runs until the next sample is taken. */
  step(): void {
    const { sampleIntervalMs, clients, generation, transient } = this.#options;
    const beganMs = this.nowMs;
    const endMs = beganMs + sampleIntervalMs;
    const pagesBefore = this.#pages;
    const before = { ...this.counts };
    while (this.#nextArrivalMs <= endMs) {
      this.nowMs = this.#nextArrivalMs;
      this.#nextArrivalMs += this.#gapMs();
      this.#expire();
      this.#request(Math.floor(this.#random() * clients));
    }
    this.nowMs = endMs;
    this.#expire();
    const transientMs = this.startedMs + transient.atMs;
    if (transientMs > beganMs && transientMs <= endMs) this.#growTo(this.#heapBytes + transient.bytes);
    this.samples.push({
      generation,
      timeMs: endMs,
      allocatedBytes: this.allocatedBytes,
      grownPages: this.#pages - pagesBefore,
      outbound: this.counts.outbound - before.outbound,
      requests: this.counts.requests - before.requests,
      hits: this.counts.hits - before.hits,
    });
  }

  /** Runs until the guest is `ageMs` old, calling back after each sample. */
  runUntil(ageMs: number, afterSample: () => void = () => undefined): void {
    while (this.ageMs < ageMs) {
      this.step();
      afterSample();
    }
  }

  #request(client: number): void {
    const { ttlMs, sliding, sizeClasses, leakBytes } = this.#options;
    this.counts.requests += 1;
    const entry = this.#entries.get(client);
    if (entry !== undefined) {
      this.counts.hits += 1;
      if (!sliding) return;
      this.#entries.delete(client);
      this.#entries.set(client, { ...entry, expiryMs: this.nowMs + ttlMs });
      return;
    }
    this.counts.outbound += 1;
    this.#options.onCall(client, this.nowMs);
    const staleBytes = this.#stale.get(client);
    if (staleBytes !== undefined) this.#release(client, staleBytes);
    const sizeBytes =
      sizeClasses.length === 1 ? sizeClasses[0]! : sizeClasses[Math.floor(this.#random() * sizeClasses.length)]!;
    this.#entries.set(client, { expiryMs: this.nowMs + ttlMs, sizeBytes });
    this.#liveBytes += sizeBytes;
    const free = this.#free.get(sizeBytes) ?? 0;
    if (free > 0) this.#free.set(sizeBytes, free - 1);
    else this.#heapBytes += sizeBytes;
    this.#heapBytes += leakBytes;
    this.#growTo(this.#heapBytes);
  }

  #growTo(heapBytes: number): void {
    while (this.#options.fixedBytes + heapBytes > this.allocatedBytes) {
      this.#pages += Math.max(1, Math.ceil(this.#options.growBy(this.#pages)));
    }
  }

  #expire(): void {
    const { frees } = this.#options;
    for (const [client, { expiryMs, sizeBytes }] of this.#entries) {
      if (expiryMs > this.nowMs) break;
      this.#entries.delete(client);
      this.#liveBytes -= sizeBytes;
      if (frees === "at-expiry") this.#free.set(sizeBytes, (this.#free.get(sizeBytes) ?? 0) + 1);
      else this.#stale.set(client, sizeBytes);
    }
    if (typeof frees !== "object" || this.nowMs - this.#collectedMs < frees.everyMs) return;
    this.#collectedMs = this.nowMs;
    for (const [client, sizeBytes] of this.#stale) this.#release(client, sizeBytes);
  }

  #release(client: number, sizeBytes: number): void {
    this.#stale.delete(client);
    this.#free.set(sizeBytes, (this.#free.get(sizeBytes) ?? 0) + 1);
  }

  #gapMs(): number {
    const perSecond = Math.max(this.#options.requestsPerSecond(this.nowMs - this.startedMs), 1e-6);
    return (-Math.log(1 - this.#random()) / perSecond) * 1_000;
  }
}
