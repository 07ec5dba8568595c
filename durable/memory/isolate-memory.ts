import { type CollectionRecord, MemoryLedger, type MemoryRecord, type MemoryTotals } from "./memory-ledger.ts";

/** A linear memory that can be tracked. */
export interface CollectableMemory {
  readonly allocatedBytes: number;
  watchCollection<T>(registry: FinalizationRegistry<T>, heldValue: T): void;
}

/** The ledger entry of one memory, for the generation that works in it. */
export interface TrackedMemory {
  /** Call after each run of the guest. */
  report(bytes: number): void;
  /** Call when all references to it have been dropped; `bytes` is its last size. */
  retired(bytes: number): void;
}

/** One life of an object; owns tracked memories. The object must keep a reference to it as long as it lives. */
export interface MemoryOwner {
  readonly number: number;
}

export interface IsolateMemorySnapshot {
  /** Random, created on first use. Services that report the same ID share the same 128 MB. */
  readonly isolateId: string;
  readonly live: MemoryTotals;
  /** Released by its generation and not proven collected. */
  readonly retired: MemoryTotals;
  /** Left behind by an object that was evicted, and not proven collected. */
  readonly unclaimed: MemoryTotals;
  /** Part of the two above: survived collections, so something still references it. */
  readonly pinned: MemoryTotals;
  readonly collected: CollectionRecord;
  /** The most that was ever held at once. */
  readonly peakBytes: number;
  /** Decisions that the Worker keeps in this isolate. */
  readonly edgeBytes: number;
}

/**
 * Tracks every linear memory of the isolate until it is collected. It lives in module scope because it includes the memories
 * of evicted objects. A Worker cannot read its resident memory; a FinalizationRegistry callback proves that a memory was freed.
 */
export class IsolateMemory {
  readonly ledger = new MemoryLedger();
  readonly #nowMs: () => number;
  /** Registered on the memory, not on its instance: a kept view pins the memory after the instance is gone. */
  readonly #memories = new FinalizationRegistry<MemoryRecord>((record) => this.ledger.collected(record));
  readonly #owners = new FinalizationRegistry<number>((owner) => this.ledger.disown(owner));
  readonly #released: ((nowMs: number) => void)[] = [];
  readonly #reported: ((nowMs: number) => void)[] = [];
  #reservedBytes = 0;
  #edgeBytes = 0;
  #isolateId: string | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Begins a life of the object `name`. Memory that an earlier life still held becomes unclaimed. */
  owner(name: string): MemoryOwner {
    const nowMs = this.#nowMs();
    const owner: MemoryOwner = { number: this.ledger.newOwner(name, nowMs) };
    this.#owners.register(owner, owner.number);
    if (this.ledger.totals("unclaimed").count > 0) this.#tellReleased(nowMs);
    return owner;
  }

  track(owner: MemoryOwner, memory: CollectableMemory): TrackedMemory {
    const record = this.ledger.begin(owner.number, memory.allocatedBytes, this.#nowMs());
    memory.watchCollection(this.#memories, record);
    return {
      report: (bytes) => {
        const nowMs = this.#nowMs();
        this.ledger.report(record, bytes, nowMs);
        for (const listener of this.#reported) listener(nowMs);
      },
      retired: (bytes) => {
        const nowMs = this.#nowMs();
        this.ledger.retire(record, bytes, nowMs);
        this.#tellReleased(nowMs);
      },
    };
  }

  /** Calls `listener`, in a task of the object concerned, when there is something to collect. */
  onReleased(listener: (nowMs: number) => void): void {
    this.#released.push(listener);
  }

  /** Calls `listener`, in a task of the object concerned, after each run of a guest. It must return quickly. */
  onReported(listener: (nowMs: number) => void): void {
    this.#reported.push(listener);
  }

  /** All linear memories, and what the Worker keeps in the isolate. */
  get heldBytes(): number {
    return this.ledger.heldBytes + this.#edgeBytes;
  }

  /** The decisions that the Worker keeps (worker/edge) have grown by so much. */
  addEdgeBytes(bytes: number): void {
    this.#edgeBytes += bytes;
  }

  /** Room below a mark after held and reserved memory; at least 0. */
  roomBelow(markBytes: number): number {
    return Math.max(0, markBytes - this.heldBytes - this.#reservedBytes);
  }

  /**
   * Reserves memory for an instance that is warming up, so that two instances cannot both count on the same bytes. Until the
   * reservation is released, bytes that the instance has already allocated count twice.
   * @returns a function that releases the reservation; call it once
   */
  reserve(bytes: number): () => void {
    this.#reservedBytes += bytes;
    return () => {
      this.#reservedBytes -= bytes;
    };
  }

  /** See the snapshot. */
  get isolateId(): string {
    // Randomness is not available in module scope.
    this.#isolateId ??= crypto.randomUUID();
    return this.#isolateId;
  }

  snapshot(): IsolateMemorySnapshot {
    const { ledger } = this;
    ledger.stamp(this.#nowMs());
    return {
      isolateId: this.isolateId,
      live: ledger.totals("live"),
      retired: ledger.totals("retired"),
      unclaimed: ledger.totals("unclaimed"),
      pinned: ledger.pinned,
      collected: ledger.collections,
      peakBytes: ledger.peakBytes,
      edgeBytes: this.#edgeBytes,
    };
  }

  #tellReleased(nowMs: number): void {
    for (const listener of this.#released) listener(nowMs);
  }
}
