/**
 * Where a linear memory is in its life, as far as the isolate can know:
 *
 * - `live`: a generation works in it, or finishes its requests in it;
 * - `retired`: its generation let go of it;
 * - `unclaimed`: its object left memory without a word, as evicted objects do. It is known when the object comes back, or
 *   when what it held is collected.
 */
export type MemoryState = "live" | "retired" | "unclaimed";

/** One linear memory. It must never lead to the memory itself: the record outlives it. */
export interface MemoryRecord {
  readonly owner: number;
  readonly state: MemoryState | "collected";
  readonly bytes: number;
  /** When it was let go of, or known to be; undefined while live. */
  readonly letGoAtMs: number | undefined;
  /** Full collections it survived after it was let go of: something still holds it. */
  readonly survived: number;
}

export interface MemoryTotals {
  readonly bytes: number;
  readonly count: number;
}

/** How memories came back. Times in ms since 1970; durations from letting go to the next turn after the collection. */
export interface CollectionRecord {
  readonly bytes: number;
  readonly count: number;
  readonly lastAtMs: number | undefined;
  readonly lastReturnMs: number | undefined;
  readonly longestReturnMs: number;
}

/** Survived so many collections, a memory is held by somebody; to collect once more for it alone does not pay. */
const PINNED_AFTER = 2;

type Entry = { -readonly [Field in keyof MemoryRecord]: MemoryRecord[Field] } & {
  heardAtMs: number;
  /** The clock is not available where a collection is told of. */
  stampedAtMs: number | undefined;
};

/**
 * Books of every linear memory of the isolate: live, let go of, collected. Numbers and `now` only. Sizes come by reports
 * and not by asking a WeakRef: to ask one keeps its target alive until the turn is over, also over a collection in it.
 */
export class MemoryLedger {
  readonly #entries = new Set<Entry>();
  readonly #unstamped: Entry[] = [];
  readonly #owners = new Map<string, number>();
  #lastOwner = 0;
  #heldBytes = 0;
  #peakBytes = 0;
  #collected = { bytes: 0, count: 0 };
  #lastAtMs: number | undefined;
  #lastReturnMs: number | undefined;
  #longestReturnMs = 0;

  /**
   * One life of an object. An earlier life of the same name has ended, by eviction or by a crash: what it held is unclaimed.
   * @returns the number its memories are booked under
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
      letGoAtMs: undefined,
      survived: 0,
      heardAtMs: nowMs,
      stampedAtMs: undefined,
    };
    this.#entries.add(entry);
    this.#resize(entry, bytes);
    return entry;
  }

  /** Its generation had a turn. */
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
    this.#letGo(entry, "retired", nowMs);
  }

  /** The owner is gone; nothing of it can retire any more. Without `nowMs` it is stamped on the next turn. */
  disown(owner: number, nowMs?: number): void {
    for (const entry of this.#entries) {
      if (entry.owner === owner && entry.state === "live") this.#letGo(entry, "unclaimed", nowMs);
    }
    for (const [name, number] of this.#owners) if (number === owner) this.#owners.delete(name);
  }

  /** The memory was collected. May be called where there is no clock. */
  collected(record: MemoryRecord): void {
    const entry = record as Entry;
    if (!this.#entries.delete(entry)) return;
    entry.state = "collected";
    this.#heldBytes -= entry.bytes;
    this.#collected.bytes += entry.bytes;
    this.#collected.count += 1;
    this.#unstamped.push(entry);
  }

  /** A full collection ran at `atMs`; what was let go of before and is still here survived it. */
  survivedCollection(atMs: number): void {
    for (const entry of this.#entries) {
      // What was let go of in the same turn may have been on its stack still.
      if (entry.letGoAtMs !== undefined && entry.letGoAtMs < atMs) entry.survived += 1;
    }
  }

  /** Gives times to what happened where there was no clock. */
  stamp(nowMs: number): void {
    for (const entry of this.#entries) {
      if (entry.state !== "live" && entry.letGoAtMs === undefined) entry.letGoAtMs = nowMs;
    }
    for (const entry of this.#unstamped.splice(0)) {
      this.#lastAtMs = nowMs;
      // Collected while it counted as live: its object was evicted, nobody knows when.
      if (entry.letGoAtMs === undefined) continue;
      this.#lastReturnMs = Math.max(0, nowMs - entry.letGoAtMs);
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

  /** Let go of, but held by somebody: seen to survive collections. */
  get pinned(): MemoryTotals {
    return this.#sum(isPinned);
  }

  /** What a collection would free: let go of and not known to be pinned. */
  get reclaimable(): MemoryTotals & { readonly oldestAtMs: number | undefined } {
    let oldestAtMs: number | undefined;
    for (const entry of this.#entries) {
      if (!isReclaimable(entry) || entry.letGoAtMs === undefined) continue;
      oldestAtMs = Math.min(oldestAtMs ?? entry.letGoAtMs, entry.letGoAtMs);
    }
    return { ...this.#sum(isReclaimable), oldestAtMs };
  }

  /** Live, as far as is known, and last heard of after `afterMs` and by `untilMs`: the objects may have been evicted. */
  quietBytes(untilMs: number, afterMs: number): number {
    const isQuiet = ({ state, heardAtMs }: Entry): boolean =>
      state === "live" && heardAtMs <= untilMs && heardAtMs > afterMs;
    return this.#sum(isQuiet).bytes;
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

  #letGo(entry: Entry, state: "retired" | "unclaimed", nowMs: number | undefined): void {
    entry.state = state;
    entry.letGoAtMs = nowMs;
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
