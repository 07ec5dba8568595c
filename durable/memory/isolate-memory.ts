import { type CollectionRecord, MemoryLedger, type MemoryRecord, type MemoryTotals } from "./memory-ledger.ts";

/** What a linear memory is followed by. */
export interface WatchedMemory {
  readonly allocatedBytes: number;
  watchCollection<T>(registry: FinalizationRegistry<T>, heldValue: T): void;
}

/** One memory in the books, for the generation that works in it. */
export interface FollowedMemory {
  /** After each turn in it. */
  report(bytes: number): void;
  /** All references to it were dropped; when it was `bytes` large. */
  retired(bytes: number): void;
}

/** One life of an object, in whose name memories are followed. It must be held for as long as the object lives. */
export interface MemoryOwner {
  readonly number: number;
}

export interface IsolateMemorySnapshot {
  /** Made when first asked for; two services with the same one share the same 128 MB. */
  readonly isolateId: string;
  readonly live: MemoryTotals;
  /** Let go of by its generation and not proven collected. */
  readonly retired: MemoryTotals;
  /** Left behind by an object that was evicted, and not proven collected. */
  readonly unclaimed: MemoryTotals;
  /** Part of the two above: survived collections, so something holds it. */
  readonly pinned: MemoryTotals;
  readonly collected: CollectionRecord;
  /** The most that was ever held at once. */
  readonly peakBytes: number;
}

/**
 * Follows every linear memory of the isolate to its collection, those of evicted objects too: it lives in module scope.
 * Resident memory cannot be read inside a Worker; that the registry tells of a memory is the proof that it is given back.
 */
export class IsolateMemory {
  readonly ledger = new MemoryLedger();
  readonly #nowMs: () => number;
  /** On the memory, not on its instance: a kept view pins the memory after the instance is gone. */
  readonly #memories = new FinalizationRegistry<MemoryRecord>((record) => this.ledger.collected(record));
  readonly #owners = new FinalizationRegistry<number>((owner) => this.ledger.disown(owner));
  readonly #released: ((nowMs: number) => void)[] = [];
  #reservedBytes = 0;
  #isolateId: string | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Begins a life of the object `name`; what an earlier life of that name still held is unclaimed from now on. */
  owner(name: string): MemoryOwner {
    const nowMs = this.#nowMs();
    const owner: MemoryOwner = { number: this.ledger.newOwner(name, nowMs) };
    this.#owners.register(owner, owner.number);
    if (this.ledger.totals("unclaimed").count > 0) this.#tellReleased(nowMs);
    return owner;
  }

  follow(owner: MemoryOwner, memory: WatchedMemory): FollowedMemory {
    const record = this.ledger.begin(owner.number, memory.allocatedBytes, this.#nowMs());
    memory.watchCollection(this.#memories, record);
    return {
      report: (bytes) => this.ledger.report(record, bytes, this.#nowMs()),
      retired: (bytes) => {
        const nowMs = this.#nowMs();
        this.ledger.retire(record, bytes, nowMs);
        this.#tellReleased(nowMs);
      },
    };
  }

  /** Has `listener` told, in the turn of the object concerned, that there is something to be collected. */
  onReleased(listener: (nowMs: number) => void): void {
    this.#released.push(listener);
  }

  get heldBytes(): number {
    return this.ledger.heldBytes;
  }

  /** What is left below a mark, with what is held and what is reserved. Not below zero. */
  roomBelow(markBytes: number): number {
    return Math.max(0, markBytes - this.ledger.heldBytes - this.#reservedBytes);
  }

  /**
   * Sets memory aside for an instance that is about to be filled, so that no two are promised the same. What it comes to
   * meanwhile counts twice.
   * @returns gives it back; to be called once
   */
  reserve(bytes: number): () => void {
    this.#reservedBytes += bytes;
    return () => {
      this.#reservedBytes -= bytes;
    };
  }

  snapshot(): IsolateMemorySnapshot {
    const { ledger } = this;
    ledger.stamp(this.#nowMs());
    // Randomness is not available in module scope.
    this.#isolateId ??= crypto.randomUUID();
    return {
      isolateId: this.#isolateId,
      live: ledger.totals("live"),
      retired: ledger.totals("retired"),
      unclaimed: ledger.totals("unclaimed"),
      pinned: ledger.pinned,
      collected: ledger.collections,
      peakBytes: ledger.peakBytes,
    };
  }

  #tellReleased(nowMs: number): void {
    for (const listener of this.#released) listener(nowMs);
  }
}
