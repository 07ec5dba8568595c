/**
 * State of a linear memory, as far as the isolate can know:
 *
 * - `live`: a generation works in it, or finishes its requests in it;
 * - `retired`: its generation dropped every reference to it;
 * - `unclaimed`: its object was evicted without notice. We learn of it when the object comes back, or when the memory is
 *   collected.
 */
export type MemoryState = "live" | "retired" | "unclaimed";

/** One linear memory. Must not reference the memory itself, because the record outlives it. */
export interface MemoryRecord {
  readonly owner: number;
  readonly state: MemoryState | "collected";
  readonly bytes: number;
  /** When it was released, or when we learned of that; undefined while live. */
  readonly releasedAtMs: number | undefined;
  /** Full collections that it survived after its release: something still references it. */
  readonly survived: number;
}

export interface MemoryTotals {
  readonly bytes: number;
  readonly count: number;
}

/** Collected memories. Times in ms since 1970; durations from the release to the next task after the collection. */
export interface CollectionRecord {
  readonly bytes: number;
  readonly count: number;
  readonly lastAtMs: number | null;
  readonly lastReturnMs: number | null;
  readonly longestReturnMs: number;
}

/** A memory that survived this many collections is still referenced; another collection for it is not worth its cost. */
const PINNED_AFTER = 2;

type Entry = { -readonly [Field in keyof MemoryRecord]: MemoryRecord[Field] } & {
  heardAtMs: number;
  /** FinalizationRegistry callbacks cannot read the clock. */
  stampedAtMs: number | undefined;
};

/**
 * Accounts for every linear memory of the isolate: live, released, collected. Holds only numbers and times. Owners report sizes;
 * reading a WeakRef instead would keep the memory alive until the end of the task, even through a collection.
 */
export class MemoryLedger {
  readonly #entries = new Set<Entry>();
  readonly #unstamped: Entry[] = [];
  readonly #owners = new Map<string, number>();
  #lastOwner = 0;
  #heldBytes = 0;
  #peakBytes = 0;
  #collected = { bytes: 0, count: 0 };
  #lastAtMs: number | null = null;
  #lastReturnMs: number | null = null;
  #longestReturnMs = 0;

  /**
   * Begins a life of an object. An earlier life of the same name ended by eviction or a crash: its memory is unclaimed.
   * @returns the owner number of its memories
   */
  newOwner(name: string, nowMs: number): number {
    this.stamp(nowMs);
    const earlier = this.#owners.get(name);
    if (earlier !== undefined) this.disown(earlier, nowMs);
    this.#lastOwner += 1;
    this.#owners.set(name, this.#lastOwner);
    return this.#lastOwner;
  }

  begin(owner: number, bytes: number, nowMs: number): MemoryRecord {
    this.stamp(nowMs);
    const entry: Entry = {
      owner,
      state: "live",
      bytes: 0,
      releasedAtMs: undefined,
      survived: 0,
      heardAtMs: nowMs,
      stampedAtMs: undefined,
    };
    this.#entries.add(entry);
    this.#resize(entry, bytes);
    return entry;
  }

  /** Its generation ran. */
  report(record: MemoryRecord, bytes: number, nowMs: number): void {
    const entry = record as Entry;
    entry.heardAtMs = nowMs;
    if (entry.state !== "collected") this.#resize(entry, bytes);
  }

  retire(record: MemoryRecord, bytes: number, nowMs: number): void {
    this.stamp(nowMs);
    const entry = record as Entry;
    if (entry.state !== "live") return;
    this.#resize(entry, bytes);
    this.#release(entry, "retired", nowMs);
  }

  /** The owner is gone, so its live memories become unclaimed. Without `nowMs` the next task timestamps them. */
  disown(owner: number, nowMs?: number): void {
    for (const entry of this.#entries) {
      if (entry.owner === owner && entry.state === "live") this.#release(entry, "unclaimed", nowMs);
    }
    for (const [name, number] of this.#owners) if (number === owner) this.#owners.delete(name);
  }

  /** The memory was collected. Needs no clock. */
  collected(record: MemoryRecord): void {
    const entry = record as Entry;
    if (!this.#entries.delete(entry)) return;
    entry.state = "collected";
    this.#heldBytes -= entry.bytes;
    this.#collected.bytes += entry.bytes;
    this.#collected.count += 1;
    this.#unstamped.push(entry);
  }

  /** A full collection ran at `atMs`: memories released before it that still exist survived it. */
  survivedCollection(atMs: number): void {
    for (const entry of this.#entries) {
      if (entry.releasedAtMs === undefined) continue;
      // A memory released in the same task may still have been on its stack.
      if (entry.releasedAtMs < atMs) entry.survived += 1;
      // The clock was set back: without this, no collection would count until it has caught up.
      else entry.releasedAtMs = atMs;
    }
  }

  /** Timestamps events that happened without a clock. */
  stamp(nowMs: number): void {
    for (const entry of this.#entries) {
      if (entry.state !== "live" && entry.releasedAtMs === undefined) entry.releasedAtMs = nowMs;
    }
    for (const entry of this.#unstamped.splice(0)) {
      this.#lastAtMs = nowMs;
      // Collected while it counted as live: its object was evicted at an unknown time.
      if (entry.releasedAtMs === undefined) continue;
      this.#lastReturnMs = Math.max(0, nowMs - entry.releasedAtMs);
      this.#longestReturnMs = Math.max(this.#longestReturnMs, this.#lastReturnMs);
    }
  }

  /** Everything that is not known to be collected. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The most that was ever held at once. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  totals(state: MemoryState): MemoryTotals {
    return this.#sum((entry) => entry.state === state);
  }

  /** Released, but still referenced: it survived collections. */
  get pinned(): MemoryTotals {
    return this.#sum(isPinned);
  }

  /** What a collection would free: released and not known to be pinned. */
  get reclaimable(): MemoryTotals & { readonly oldestAtMs: number | undefined } {
    let oldestAtMs: number | undefined;
    for (const entry of this.#entries) {
      if (!isReclaimable(entry) || entry.releasedAtMs === undefined) continue;
      oldestAtMs = Math.min(oldestAtMs ?? entry.releasedAtMs, entry.releasedAtMs);
    }
    return { ...this.#sum(isReclaimable), oldestAtMs };
  }

  /** Live bytes last reported after `afterMs` and not after `untilMs`: their owner may have been evicted. */
  idleBytes(untilMs: number, afterMs: number): number {
    const isIdle = ({ state, heardAtMs }: Entry): boolean =>
      state === "live" && heardAtMs <= untilMs && heardAtMs > afterMs;
    return this.#sum(isIdle).bytes;
  }

  liveBytesOf(owner: number): number {
    return this.#sum((entry) => entry.state === "live" && entry.owner === owner).bytes;
  }

  get collections(): CollectionRecord {
    return {
      ...this.#collected,
      lastAtMs: this.#lastAtMs,
      lastReturnMs: this.#lastReturnMs,
      longestReturnMs: this.#longestReturnMs,
    };
  }

  #release(entry: Entry, state: "retired" | "unclaimed", nowMs: number | undefined): void {
    entry.state = state;
    entry.releasedAtMs = nowMs;
  }

  #resize(entry: Entry, bytes: number): void {
    this.#heldBytes += bytes - entry.bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes);
    entry.bytes = bytes;
  }

  #sum(counts: (entry: Entry) => boolean): MemoryTotals {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      if (!counts(entry)) continue;
      bytes += entry.bytes;
      count += 1;
    }
    return { bytes, count };
  }
}

function isReclaimable(entry: Entry): boolean {
  return entry.state !== "live" && !isPinned(entry);
}

function isPinned(entry: Entry): boolean {
  return entry.survived >= PINNED_AFTER;
}
