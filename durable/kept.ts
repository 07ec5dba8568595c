import type { SharedData } from "../wasm/host/index.ts";
import { restoreSharedData, storedSharedData } from "./kept-shared-data.ts";
import { type Counters, readCounters } from "./metrics/counters.ts";
import { Samples } from "./metrics/samples.ts";
import type { Learned } from "./restart/learned.ts";
import { readLearned, writeLearned } from "./restart/learned-storage.ts";
import { type Runtime, randomHex } from "./runtime.ts";
import { StorageHealth } from "./storage-health.ts";

/**
 * What an object keeps in its storage, under these keys: `learned` (JSON text), `samples` (the newest), `counters`,
 * `sharedData` (of a filter that has set any), `writtenAtMs`, when they were written, `alarmService`, the service for which
 * the alarm is set, and `digestKey`, where none is derived from a secret. An idle object leaves memory after seconds; without
 * this every quiet quarter of an hour would start learning anew.
 */
export interface Kept {
  readonly learned: Learned;
  readonly samples: Samples;
  readonly counters: Counters;
  readonly sharedData: SharedData;
}

/** As much of `DurableObjectStorage` as this takes. */
export interface ObjectStorage {
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void; delete(key: string): boolean };
  put(entries: Record<string, unknown>, options: { allowUnconfirmed: boolean }): Promise<void>;
}

const KEYS = {
  learned: "learned",
  samples: "samples",
  counters: "counters",
  sharedData: "sharedData",
  writtenAtMs: "writtenAtMs",
  alarmService: "alarmService",
  digestKey: "digestKey",
} as const;

/** Between two writes. Writes are billed, and losing a minute of what was learned costs nothing. */
const WRITE_INTERVAL_MS = 60_000;

export class KeptState {
  /** What could not be read starts from nothing, and what cannot be written is lost with the object. */
  readonly health: StorageHealth;
  readonly #storage: ObjectStorage;
  /** Of any life of the object: one that lasts seconds must get its turn to write too. */
  #writtenAtMs: number;
  /** Of the shared data, as it is stored. */
  #sharedDataVersion = 0;

  constructor(storage: ObjectStorage, health = new StorageHealth()) {
    this.#storage = storage;
    this.health = health;
    const writtenAtMs = this.#get(KEYS.writtenAtMs);
    this.#writtenAtMs = typeof writtenAtMs === "number" ? writtenAtMs : 0;
  }

  /** An alarm does not tell an object that comes back from eviction which service it is. */
  get alarmService(): string | undefined {
    const name = this.#get(KEYS.alarmService);
    return typeof name === "string" ? name : undefined;
  }

  set alarmService(name: string) {
    if (this.alarmService !== name) this.#put(KEYS.alarmService, name);
  }

  /** The digest key of a service that derives none from a secret: 32 random hexadecimal digits, the same in every life. */
  digestKey(runtime: Runtime): string {
    const stored = this.#get(KEYS.digestKey);
    if (typeof stored === "string" && /^[0-9a-f]{32}$/.test(stored)) return stored;
    const digestKey = randomHex(runtime, 16);
    this.#put(KEYS.digestKey, digestKey);
    return digestKey;
  }

  /**
   * Reads everything; what is missing or cannot be read starts from nothing.
   * @param sharedData still empty; it is filled
   */
  read(configVersion: string, sharedData: SharedData): Kept {
    const samples = new Samples();
    samples.restore(this.#get(KEYS.samples));
    this.#readSharedData(configVersion, sharedData);
    return {
      learned: readLearned(this.#get(KEYS.learned), configVersion),
      samples,
      counters: readCounters(this.#get(KEYS.counters)),
      sharedData,
    };
  }

  /** Writes at most once a minute. Unconfirmed: no decision waits for a disk. */
  writeIfDue(nowMs: number, kept: Kept): void {
    if (nowMs - this.#writtenAtMs < WRITE_INTERVAL_MS && nowMs >= this.#writtenAtMs) return;
    this.#writtenAtMs = nowMs;
    const entries: Record<string, unknown> = {
      [KEYS.learned]: writeLearned(kept.learned),
      [KEYS.samples]: kept.samples.toJSON(),
      [KEYS.counters]: { ...kept.counters },
      [KEYS.writtenAtMs]: nowMs,
    };
    // Most services have none, and it is by far the largest of all.
    if (kept.sharedData.version !== this.#sharedDataVersion) {
      this.#sharedDataVersion = kept.sharedData.version;
      entries[KEYS.sharedData] = storedSharedData(kept.sharedData, kept.learned.configVersion);
    }
    void this.health.attemptAsync("writing what was learned", async () =>
      this.#storage.put(entries, { allowUnconfirmed: true }),
    );
  }

  /**
   * Removes at once what is stored of shared data. @param sharedData as it is now
   * @throws where the storage refuses: what was to be forgotten would come back
   */
  forgetSharedData(sharedData: SharedData): void {
    if (this.#storage.kv.get(KEYS.sharedData) !== undefined) this.#storage.kv.delete(KEYS.sharedData);
    this.#sharedDataVersion = sharedData.version;
  }

  #readSharedData(configVersion: string, sharedData: SharedData): void {
    const stored = this.#get(KEYS.sharedData);
    const restored = restoreSharedData(stored, configVersion, sharedData);
    // It may be a megabyte, and if the filter sets none any more nothing else would remove it.
    if (stored !== undefined && !restored) {
      this.health.attempt("removing shared data", () => this.#storage.kv.delete(KEYS.sharedData));
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
