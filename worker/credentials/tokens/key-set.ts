import { calculateJwkThumbprint, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { withTimeout } from "../../../durable/runtime/async.ts";

export const KEY_SET_LIMITS = {
  /** Age from which keys are fetched again while requests go on with the old ones. */
  refreshMs: 5 * 60_000,
  /** Age from which requests wait for that. */
  maxAgeMs: 10 * 60_000,
  /** Time between two fetches after a failure, and between two because of a key that is not in the set. */
  retryMs: 30_000,
  /** A fetch without an end by then has none: the platform has ended its request. */
  lostMs: 30_000,
  /** How long a request waits for a fetch. */
  waitMs: 10_000,
} as const;

export type FindKey = ReturnType<typeof createLocalJWKSet>;

/** What a key set needs of the request that happens to use it. */
export interface KeyIo {
  nowMs(): number;
  /** Fetches the set. Rejects with a reason for the log. */
  load(): Promise<JSONWebKeySet>;
  /** Lets work go on after the request's end. */
  waitUntil(work: Promise<unknown>): void;
  log(line: string): void;
}

interface Loading {
  readonly sinceMs: number;
  /** Never rejects. */
  done: Promise<void>;
}

export interface Keys {
  readonly find: FindKey;
  /** Changes when a key has gone: what it verified is no longer valid. */
  readonly generation: number;
}

/**
 * The public keys of an issuer, as this isolate knows them. They are fetched when they are first needed, again when they are some
 * minutes old, and once more when a token names a key that is not among them. However many requests need that, there is one fetch at
 * a time, and after a failure none for half a minute.
 */
export class KeySet {
  readonly #staleKeysMs: number;
  #keys: Keys | undefined;
  #thumbprints: readonly string[] = [];
  #loadedAtMs = 0;
  #loading: Loading | undefined;
  #failedAtMs: number | undefined;
  /** Of the first failure since the keys were last fetched. */
  #failingSinceMs: number | undefined;
  #missedKeyAtMs: number | undefined;

  /** @param staleKeysMs how long the keys may be used after they could not be fetched again, or after no one asked for that */
  constructor(staleKeysMs: number) {
    this.#staleKeysMs = staleKeysMs;
  }

  /** The keys if requests may go on with them at once. Fetches them again beside the request if they are due. */
  current(io: KeyIo): Keys | undefined {
    const nowMs = io.nowMs();
    const keys = this.#usable(nowMs);
    if (keys === undefined || hasPassed(this.#loadedAtMs, KEY_SET_LIMITS.refreshMs, nowMs)) this.#load(io, nowMs);
    return this.#mustWait(nowMs) ? undefined : keys;
  }

  /** The keys, fetched if necessary. Undefined if they cannot be had. */
  async ready(io: KeyIo): Promise<Keys | undefined> {
    const keys = this.current(io);
    if (keys !== undefined) return keys;
    await this.#wait();
    return this.#usable(io.nowMs());
  }

  /** The keys after another fetch, because one that a token names is not among them. Undefined if there was none. */
  async afterMissingKey(io: KeyIo): Promise<Keys | undefined> {
    const nowMs = io.nowMs();
    const isAllowed =
      this.#missedKeyAtMs === undefined || hasPassed(this.#missedKeyAtMs, KEY_SET_LIMITS.retryMs, nowMs);
    if (isAllowed && this.#load(io, nowMs)) this.#missedKeyAtMs = nowMs;
    if (this.#loading === undefined) return undefined;
    const before = this.#keys;
    await this.#wait();
    return this.#keys === before ? undefined : this.#usable(io.nowMs());
  }

  #usable(nowMs: number): Keys | undefined {
    const isStale = this.#failingSinceMs !== undefined && hasPassed(this.#failingSinceMs, this.#staleKeysMs, nowMs);
    const isTooOld = hasPassed(this.#loadedAtMs, KEY_SET_LIMITS.maxAgeMs + this.#staleKeysMs, nowMs);
    return isStale || isTooOld ? undefined : this.#keys;
  }

  /** After some time without requests, the first ones do not go on with old keys. While the issuer fails, waiting would not help. */
  #mustWait(nowMs: number): boolean {
    const isFailing = this.#failingSinceMs !== undefined;
    return this.#loading !== undefined && !isFailing && hasPassed(this.#loadedAtMs, KEY_SET_LIMITS.maxAgeMs, nowMs);
  }

  async #wait(): Promise<void> {
    if (this.#loading !== undefined) await withTimeout(this.#loading.done, KEY_SET_LIMITS.waitMs);
  }

  /** Fetches the keys unless that is under way, or failed a moment ago. @returns whether a fetch has begun */
  #load(io: KeyIo, nowMs: number): boolean {
    const before = this.#loading;
    if (before !== undefined) {
      if (!hasPassed(before.sinceMs, KEY_SET_LIMITS.lostMs, nowMs)) return false;
      this.#failingSinceMs ??= before.sinceMs;
    }
    if (this.#failedAtMs !== undefined && !hasPassed(this.#failedAtMs, KEY_SET_LIMITS.retryMs, nowMs)) return false;
    const loading: Loading = { sinceMs: nowMs, done: Promise.resolve() };
    this.#loading = loading;
    loading.done = this.#fetch(io, loading);
    io.waitUntil(loading.done);
    return true;
  }

  /** Never rejects. What comes after another fetch has begun does not count: keys that have gone would come back. */
  async #fetch({ load, log }: KeyIo, loading: Loading): Promise<void> {
    const { sinceMs } = loading;
    try {
      const set = await load();
      const find = createLocalJWKSet(set);
      const thumbprints = await Promise.all(set.keys.map(thumbprintOf));
      if (this.#loading !== loading) return;
      const hasLost = this.#thumbprints.some((thumbprint) => !thumbprints.includes(thumbprint));
      const generation = (this.#keys?.generation ?? 0) + (hasLost ? 1 : 0);
      this.#keys = { find, generation };
      this.#thumbprints = thumbprints;
      this.#loadedAtMs = sinceMs;
      this.#failedAtMs = undefined;
      this.#failingSinceMs = undefined;
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
      if (this.#loading !== loading) return;
      this.#failedAtMs = sinceMs;
      this.#failingSinceMs ??= sinceMs;
    }
    this.#loading = undefined;
  }
}

/** Clocks of two requests may differ a little in either direction. One that was set back far counts as far ahead. */
function hasPassed(sinceMs: number, intervalMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - sinceMs) >= intervalMs;
}

/** What identifies a key; for one of an unknown kind, all that is known of it. */
function thumbprintOf(key: JSONWebKeySet["keys"][number]): Promise<string> {
  return calculateJwkThumbprint(key).catch(() => JSON.stringify(key));
}
