import type { SharedData } from "../../wasm/host/index.ts";
import { CallCounters } from "../metrics/call-counts.ts";
import type { Counters } from "../metrics/counters.ts";
import type { OutcomeCounts } from "../metrics/outcomes.ts";
import { Samples } from "../metrics/samples.ts";
import type { LearnedState } from "../restart/learned.ts";
import { readLearned, writeLearned } from "../restart/learned-storage.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import { type Runtime, randomHex } from "../runtime/runtime.ts";
import { StorageHealth } from "./storage-health.ts";
import { type Counts, countsSince, readCounts, writeCounts } from "./stored-counts.ts";
import { restoreSharedData, storedSharedData } from "./stored-shared-data.ts";

/**
 * State that an object stores besides decisions (docs/storage.md lists every key). An idle object is evicted after seconds;
 * without this state, the estimator would start over after every quiet moment.
 */
export interface ServiceState {
  readonly learned: LearnedState;
  readonly samples: Samples;
  readonly counters: Counters;
  readonly outcomes: OutcomeCounts;
  readonly calls: CallCounters;
  readonly sharedData: SharedData;
}

/** The part of `DurableObjectStorage` that we use. */
export interface ObjectStorage {
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void; delete(key: string): boolean };
  put(entries: Record<string, unknown>, options: { allowUnconfirmed: boolean }): Promise<void>;
  /** Waits until all earlier writes are on disk. */
  sync(): Promise<void>;
}

/** One write of counts. */
interface CountsWrite {
  readonly counts: Counts;
  /** Generation of the filter whose start the learned state has. */
  readonly generation: number | undefined;
  /** Counted from 1 in each life of the object; 0 for what an earlier life wrote. */
  readonly number: number;
}

/** Storage key of each part of the state. */
export const STATE_KEYS = {
  learned: "learned",
  samples: "samples",
  counters: "counters",
  sharedData: "sharedData",
  writtenAtMs: "writtenAtMs",
  alarmService: "alarmService",
  digestKey: "digestKey",
} as const;

/** Interval between two writes. Writes are billed, and losing a minute of learned state costs nothing. */
const WRITE_INTERVAL_MS = 60_000;

export class ServiceStateStore {
  /** State that cannot be read starts empty; state that cannot be written is lost with the object. */
  readonly health: StorageHealth;
  readonly #storage: ObjectStorage;
  /** Time of the last write in any life of the object, so that a short life writes too. */
  #writtenAtMs: number;
  /** Version of the stored shared data. */
  #sharedDataVersion = 0;
  #countsSinceMs = 0;
  /** Number of writes in this life of the object. */
  #countsWrites = 0;
  /** The last write of counts that the storage took. Until `sync`, it may still be lost. */
  #taken: CountsWrite | undefined;
  /** The last write of counts that is on disk. */
  #onDisk: CountsWrite | undefined;

  constructor(storage: ObjectStorage, health = new StorageHealth()) {
    this.#storage = storage;
    this.health = health;
    const writtenAtMs = this.#get(STATE_KEYS.writtenAtMs);
    this.#writtenAtMs = typeof writtenAtMs === "number" ? writtenAtMs : 0;
  }

  /** The service whose alarm is set. Stored because an alarm does not name it, and the object may be evicted meanwhile. */
  get alarmService(): string | undefined {
    const name = this.#get(STATE_KEYS.alarmService);
    return typeof name === "string" ? name : undefined;
  }

  set alarmService(name: string) {
    if (this.alarmService !== name) this.#put(STATE_KEYS.alarmService, name);
  }

  /** The digest key of a service without a key secret: 32 random hexadecimal digits, the same in every life. */
  digestKey(runtime: Runtime): string {
    const stored = this.#get(STATE_KEYS.digestKey);
    if (typeof stored === "string" && /^[0-9a-f]{32}$/.test(stored)) return stored;
    const digestKey = randomHex(runtime, 16);
    this.#put(STATE_KEYS.digestKey, digestKey);
    return digestKey;
  }

  /**
   * Reads everything; missing or unreadable state starts empty.
   * @param sharedData empty; filled by this call
   */
  read(configVersion: string, sharedData: SharedData, nowMs: number): ServiceState {
    const samples = new Samples();
    samples.restore(this.#get(STATE_KEYS.samples));
    this.#readSharedData(configVersion, sharedData);
    const readable = readLearned(this.#get(STATE_KEYS.learned), configVersion);
    const counts = readCounts(this.#get(STATE_KEYS.counters), readable.restartCount, nowMs);
    const learned = { ...readable, restartCount: counts.restartCount };
    this.#countsSinceMs = counts.sinceMs;
    this.#taken = { counts, generation: learned.current?.number, number: 0 };
    this.#onDisk = this.#taken;
    const { outcomes } = counts;
    const calls = new CallCounters(counts.calls);
    return {
      learned,
      samples,
      counters: { ...counts.counters },
      outcomes: structuredClone(outcomes),
      calls,
      sharedData,
    };
  }

  /**
   * Writes everything, at most once a minute. Unconfirmed, because decisions must not wait for the disk.
   * @returns whether a write was due
   */
  writeIfDue(nowMs: number, kept: ServiceState): boolean {
    if (!hasElapsed(this.#writtenAtMs, WRITE_INTERVAL_MS, nowMs)) return false;
    this.#writtenAtMs = nowMs;
    const entries: Record<string, unknown> = {
      [STATE_KEYS.learned]: writeLearned(kept.learned),
      [STATE_KEYS.samples]: kept.samples.toJSON(),
      [STATE_KEYS.writtenAtMs]: nowMs,
    };
    // Most services have no shared data, and it is by far the largest value.
    if (kept.sharedData.version !== this.#sharedDataVersion) {
      this.#sharedDataVersion = kept.sharedData.version;
      entries[STATE_KEYS.sharedData] = storedSharedData(kept.sharedData, kept.learned.configVersion);
    }
    void this.#write("writing learned state", nowMs, kept, entries);
    return true;
  }

  /** Writes the logs of starts and restarts, and the counters, at once. For events that are rare. Unconfirmed. */
  writeFacts(nowMs: number, kept: ServiceState): void {
    void this.#write("writing facts", nowMs, kept, { [STATE_KEYS.learned]: writeLearned(kept.learned) });
  }

  /** When counts were written last in any life of the object, ms since 1970; null if never. */
  get countsStoredAtMs(): number | null {
    return this.#taken?.counts.storedAtMs ?? null;
  }

  /** The counts as they are now. Do not show them: the next life of the object may have fewer. */
  countsNow({ counters, outcomes, calls, learned }: ServiceState): Counts {
    return {
      counters: { ...counters },
      outcomes: structuredClone(outcomes),
      calls: calls.snapshot(),
      restartCount: learned.restartCount,
      sinceMs: this.#countsSinceMs,
      storedAtMs: this.#onDisk?.counts.storedAtMs ?? null,
    };
  }

  /**
   * Writes the counts if they have changed, and returns those on disk: no later life of the object has fewer. If the storage fails,
   * they are older than the counts now.
   */
  async storedCounts(nowMs: number, kept: ServiceState): Promise<Counts> {
    if (this.#isNews(kept)) {
      const learnedIsNews = this.#taken?.generation !== kept.learned.current?.number || this.#hasNewRestart(kept);
      const entries = learnedIsNews ? { [STATE_KEYS.learned]: writeLearned(kept.learned) } : {};
      await this.#write("writing counts", nowMs, kept, entries);
    }
    const taken = this.#taken;
    if (taken !== this.#onDisk) {
      const isOnDisk = await this.health.attemptAsync("waiting for the disk", () => this.#storage.sync());
      if (isOnDisk) this.#onDisk = later(this.#onDisk, taken);
    }
    return this.#onDisk?.counts ?? this.countsNow(kept);
  }

  #isNews(kept: ServiceState): boolean {
    const taken = this.#taken?.counts;
    // A beginning that is not stored would move with each life.
    if (taken === undefined || taken.storedAtMs === null) return true;
    return this.#hasNewRestart(kept) || countsSince(taken, kept.counters) !== null;
  }

  #hasNewRestart({ learned }: ServiceState): boolean {
    return this.#taken?.counts.restartCount !== learned.restartCount;
  }

  /** Writes the counters and other entries together. */
  async #write(what: string, nowMs: number, kept: ServiceState, others: Record<string, unknown>): Promise<void> {
    const counts = { ...this.countsNow(kept), storedAtMs: nowMs };
    this.#countsWrites += 1;
    const write = { counts, generation: kept.learned.current?.number, number: this.#countsWrites };
    const entries = { ...others, [STATE_KEYS.counters]: writeCounts(counts, nowMs) };
    const isTaken = await this.health.attemptAsync(what, async () =>
      this.#storage.put(entries, { allowUnconfirmed: true }),
    );
    if (isTaken) this.#taken = later(this.#taken, write);
  }

  /**
   * Removes stored shared data at once. @param sharedData the current data
   * @throws if the storage fails, because the data could then come back
   */
  forgetSharedData(sharedData: SharedData): void {
    if (this.#storage.kv.get(STATE_KEYS.sharedData) !== undefined) this.#storage.kv.delete(STATE_KEYS.sharedData);
    this.#sharedDataVersion = sharedData.version;
  }

  #readSharedData(configVersion: string, sharedData: SharedData): void {
    const stored = this.#get(STATE_KEYS.sharedData);
    const restored = restoreSharedData(stored, configVersion, sharedData);
    // It may be a megabyte, and nothing else removes it if the filter sets no more shared data.
    if (stored !== undefined && !restored) {
      this.health.attempt("removing shared data", () => this.#storage.kv.delete(STATE_KEYS.sharedData));
    }
    this.#sharedDataVersion = sharedData.version;
  }

  #get(key: string): unknown {
    return this.health.attempt(`reading ${key}`, () => this.#storage.kv.get(key));
  }

  #put(key: string, value: unknown): void {
    this.health.attempt(`writing ${key}`, () => this.#storage.kv.put(key, value));
  }
}

/** Writes may end out of order. */
function later(one: CountsWrite | undefined, other: CountsWrite | undefined): CountsWrite | undefined {
  return (other?.number ?? -1) > (one?.number ?? -1) ? other : one;
}
