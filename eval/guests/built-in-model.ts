import { builtInMemory } from "./built-in-memory.ts";
import type { CacheShape } from "./cache-guest.ts";
import { type EntryTtl, entryTtlMs } from "./entry-ttl.ts";
import { ExpiryWheel } from "./expiry-wheel.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { GuestModel } from "./guest-model.ts";

/** Work units of the wheel; the same values as in the filter's `limits.ts`. */
const EXPIRIES_PER_REQUEST = 64;
const EXPIRIES_PER_TICK = 65_536;
/** First reading of the filter's own clock. */
const FIRST_MS = 1;

/** Model of the built-in filter. It holds an entry until the wheel reaches it: up to 128 ms after expiry, later in a burst. */
export class BuiltInModel implements GuestModel {
  readonly #ttl: EntryTtl;
  readonly #keyCount: number;
  readonly #memory: GuestMemory;
  readonly #wheel: ExpiryWheel;
  /** Virtual time at which the filter's clock reads 0. The first instance starts at virtual time 0. */
  #clockStartMs = -FIRST_MS;
  #entries = 0;
  #peakEntries = 0;
  #allocatedBytes: number;

  constructor(shape: CacheShape, keyCount: number) {
    this.#ttl = shape;
    this.#keyCount = keyCount;
    this.#memory = builtInMemory(shape.entryBytes);
    this.#wheel = new ExpiryWheel(keyCount);
    this.#allocatedBytes = this.#memory.allocatedFor(0);
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  get liveBytes(): number {
    return this.#memory.fixedBytes + this.#entries * this.#memory.bytesPerEntry;
  }

  restart(nowMs: number, handover: boolean): number {
    const kept = handover ? this.#lives(this.#clock(nowMs)) : [];
    this.#wheel.clear();
    this.#clockStartMs = Math.floor(nowMs) - FIRST_MS;
    this.#entries = this.#peakEntries = kept.length;
    this.#allocatedBytes = this.#memory.allocatedFor(kept.length);
    for (const [key, restMs] of kept) this.#wheel.schedule(key, FIRST_MS + restMs);
    return this.#allocatedBytes;
  }

  request(nowMs: number, key: number): boolean {
    const now = this.#clock(nowMs);
    this.#expire(now, EXPIRIES_PER_REQUEST);
    const dropAtMs = this.#wheel.dropAtMs(key);
    if (dropAtMs > now) return true;
    if (dropAtMs !== 0) this.#wheel.unschedule(key);
    else this.#entries += 1;
    this.#wheel.schedule(key, now + entryTtlMs(this.#ttl, nowMs, key));
    if (this.#entries > this.#peakEntries) {
      this.#peakEntries = this.#entries;
      this.#allocatedBytes = this.#memory.allocatedFor(this.#entries);
    }
    return false;
  }

  tick(nowMs: number): void {
    this.#expire(this.#clock(nowMs), EXPIRIES_PER_TICK);
  }

  #expire(now: number, budget: number): void {
    this.#wheel.beginAdvance(budget);
    while (this.#wheel.takeDue(now) >= 0) this.#entries -= 1;
  }

  #clock(nowMs: number): number {
    return Math.floor(nowMs) - this.#clockStartMs;
  }

  /** Keys of the unexpired entries, with their remaining time. */
  #lives(now: number): [key: number, restMs: number][] {
    const lives: [key: number, restMs: number][] = [];
    for (let key = 0; key < this.#keyCount; key++) {
      const restMs = this.#wheel.dropAtMs(key) - now;
      if (restMs > 0) lives.push([key, restMs]);
    }
    return lives;
  }
}
