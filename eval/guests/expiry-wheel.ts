/**
 * A copy of the built-in filter's timing wheel (`wasm/filter/assembly/timing-wheel.ts`). It does the same work in the same
 * order and with the same budget, because the entries held during a burst depend on all three. Times are milliseconds of the
 * filter's own clock.
 */

const LEVELS = 4;
const SLOT_BITS = 6;
const SLOTS = 64;
const REACH_TICKS = 2 ** (SLOT_BITS * LEVELS) - 1;
const TICK_MS = 128;
const NONE = -1;

export class ExpiryWheel {
  /** By key: when to drop its entry; 0 means no entry. */
  readonly #dropAtMs: Float64Array;
  readonly #next: Int32Array;
  /** By key: the key before it in its slot, or for the first key the complement of the slot's index in `#heads`. */
  readonly #previous: Int32Array;
  readonly #heads = new Int32Array(LEVELS * SLOTS).fill(NONE);
  /** Two words per level: a bit for each slot that may hold entries. */
  readonly #occupied = new Uint32Array(LEVELS * 2);
  /** The next tick to process. */
  #current = 0;
  #budget = 0;

  /** @param keyCount keys are whole numbers below this */
  constructor(keyCount: number) {
    this.#dropAtMs = new Float64Array(keyCount);
    this.#next = new Int32Array(keyCount);
    this.#previous = new Int32Array(keyCount);
  }

  /** When to drop the key's entry; 0 if it has none. */
  dropAtMs(key: number): number {
    return this.#dropAtMs[key]!;
  }

  schedule(key: number, dropAtMs: number): void {
    this.#dropAtMs[key] = dropAtMs;
    this.#place(key);
  }

  unschedule(key: number): void {
    this.#unlink(key);
    this.#dropAtMs[key] = 0;
  }

  /** Sets the work units for the next calls of `takeDue`. An expiry, a move between levels and a step each cost one. */
  beginAdvance(units: number): void {
    this.#budget = units;
  }

  /** Removes a due entry and returns its key; -1 if there is none or the budget is spent. */
  takeDue(nowMs: number): number {
    const now = Math.floor(nowMs / TICK_MS);
    while (this.#current <= now && this.#budget > 0) {
      this.#budget -= 1;
      const slot = this.#current & (SLOTS - 1);
      if (slot === 0 && !this.#cascade()) return NONE;
      const due = this.#heads[slot]!;
      if (due !== NONE) {
        this.unschedule(due);
        return due;
      }
      this.#setOccupied(0, slot, false);
      this.#current = this.#nextTick(now);
    }
    return NONE;
  }

  clear(): void {
    this.#dropAtMs.fill(0);
    this.#heads.fill(NONE);
    this.#occupied.fill(0);
    this.#current = 0;
  }

  #place(key: number): void {
    let due = Math.max(Math.ceil(this.#dropAtMs[key]! / TICK_MS), this.#current);
    const ahead = due - this.#current;
    let level = 0;
    while (level < LEVELS - 1 && ahead >> (SLOT_BITS * (level + 1)) > 0) level += 1;
    if (ahead > REACH_TICKS) due = this.#current + REACH_TICKS;
    const slot = (due >> (SLOT_BITS * level)) & (SLOTS - 1);
    const head = level * SLOTS + slot;
    const next = this.#heads[head]!;
    this.#next[key] = next;
    this.#previous[key] = ~head;
    if (next !== NONE) this.#previous[next] = key;
    this.#heads[head] = key;
    this.#setOccupied(level, slot, true);
  }

  #unlink(key: number): void {
    const next = this.#next[key]!;
    const previous = this.#previous[key]!;
    if (previous < 0) this.#heads[~previous] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
  }

  /** At a level boundary, moves entries that have come near to lower levels. Returns false if the budget runs out first. */
  #cascade(): boolean {
    for (let level = LEVELS - 1; level > 0; level--) {
      if ((this.#current & (2 ** (SLOT_BITS * level) - 1)) !== 0) continue;
      const slot = (this.#current >> (SLOT_BITS * level)) & (SLOTS - 1);
      const head = level * SLOTS + slot;
      for (let key = this.#heads[head]!; key !== NONE; key = this.#heads[head]!) {
        if (this.#budget-- <= 0) return false;
        this.#unlink(key);
        this.#place(key);
      }
      this.#setOccupied(level, slot, false);
    }
    return true;
  }

  /** The first tick after the current one that may have work; at most `now` + 1. */
  #nextTick(now: number): number {
    const next = this.#current + 1;
    const from = next & (SLOTS - 1);
    if (from !== 0) {
      const slot = this.#firstOccupied(from);
      if (slot !== NONE) return Math.min(next - from + slot, now + 1);
    }
    if (this.#occupied.every((word) => word === 0)) return now + 1;
    const boundary = from === 0 ? next : next - from + SLOTS;
    return Math.min(boundary, now + 1);
  }

  /** The first slot of the lowest level, starting at `from`, that may hold entries; -1 if there is none. */
  #firstOccupied(from: number): number {
    const low = from < 32 ? this.#occupied[0]! >>> from : 0;
    if (low !== 0) return from + trailingZeros(low);
    const skipped = Math.max(0, from - 32);
    const high = this.#occupied[1]! >>> skipped;
    return high === 0 ? NONE : 32 + skipped + trailingZeros(high);
  }

  #setOccupied(level: number, slot: number, occupied: boolean): void {
    const word = level * 2 + (slot >> 5);
    const bit = 1 << (slot & 31);
    if (occupied) this.#occupied[word]! |= bit;
    else this.#occupied[word]! &= ~bit;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
