import type { SharedData } from "../../wasm/host/index.ts";
import { type Counters, readCounters } from "../metrics/counters.ts";
import { Samples } from "../metrics/samples.ts";
import type { LearnedState } from "../restart/learned.ts";
import { readLearned, writeLearned } from "../restart/learned-storage.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import { type Runtime, randomHex } from "../runtime/runtime.ts";
import { StorageHealth } from "./storage-health.ts";
import { restoreSharedData, storedSharedData } from "./stored-shared-data.ts";

/**
 * State that an object stores besides decisions (docs/storage.md lists every key). An idle object is evicted after seconds;
 * without this state, the estimator would start over after every quiet moment.
 */
export interface ServiceState {
  readonly learned: LearnedState;
  readonly samples: Samples;
  readonly counters: Counters;
  readonly sharedData: SharedData;
}

/** The part of `DurableObjectStorage` that we use. */
export interface ObjectStorage {
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void; delete(key: string): boolean };
  put(entries: Record<string, unknown>, options: { allowUnconfirmed: boolean }): Promise<void>;
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
  read(configVersion: string, sharedData: SharedData): ServiceState {
    const samples = new Samples();
    samples.restore(this.#get(STATE_KEYS.samples));
    this.#readSharedData(configVersion, sharedData);
    return {
      learned: readLearned(this.#get(STATE_KEYS.learned), configVersion),
      samples,
      counters: readCounters(this.#get(STATE_KEYS.counters)),
      sharedData,
    };
  }

  /** Writes at most once a minute. Unconfirmed, because decisions must not wait for the disk. */
  writeIfDue(nowMs: number, kept: ServiceState): void {
    if (!hasElapsed(this.#writtenAtMs, WRITE_INTERVAL_MS, nowMs)) return;
    this.#writtenAtMs = nowMs;
    const entries: Record<string, unknown> = {
      [STATE_KEYS.learned]: writeLearned(kept.learned),
      [STATE_KEYS.samples]: kept.samples.toJSON(),
      [STATE_KEYS.counters]: { ...kept.counters },
      [STATE_KEYS.writtenAtMs]: nowMs,
    };
    // Most services have no shared data, and it is by far the largest value.
    if (kept.sharedData.version !== this.#sharedDataVersion) {
      this.#sharedDataVersion = kept.sharedData.version;
      entries[STATE_KEYS.sharedData] = storedSharedData(kept.sharedData, kept.learned.configVersion);
    }
    void this.health.attemptAsync("writing learned state", async () =>
      this.#storage.put(entries, { allowUnconfirmed: true }),
    );
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
