export const NO_KEY = -1;

/**
 * The unexpired entries in order of expiry. All have the same TTL, so this is the order in which they were added or renewed.
 * A doubly linked list, indexed by key. Times are whole milliseconds; an expiry is above 0.
 */
export class ExpiryQueue {
  readonly #ttlMs: number;
  /** By key; 0 means no entry. */
  readonly #expiresAtMs: Float64Array;
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  #oldest = NO_KEY;
  #newest = NO_KEY;

  /** @param keyCount keys are whole numbers below this */
  constructor(ttlMs: number, keyCount: number) {
    this.#ttlMs = ttlMs;
    this.#expiresAtMs = new Float64Array(keyCount);
    this.#older = new Int32Array(keyCount);
    this.#newer = new Int32Array(keyCount);
  }

  has(key: number): boolean {
    return this.#expiresAtMs[key] !== 0;
  }

  /** Adds an entry for a key that has none. */
  add(nowMs: number, key: number): void {
    this.#expiresAtMs[key] = nowMs + this.#ttlMs;
    this.#older[key] = this.#newest;
    this.#newer[key] = NO_KEY;
    if (this.#newest === NO_KEY) this.#oldest = key;
    else this.#newer[this.#newest] = key;
    this.#newest = key;
  }

  /** Restarts the TTL of the key's entry. */
  renew(nowMs: number, key: number): void {
    this.#remove(key);
    this.add(nowMs, key);
  }

  /** Removes an expired entry and returns its key; `NO_KEY` if there is none. */
  takeExpired(nowMs: number): number {
    const key = this.#oldest;
    if (key === NO_KEY || this.#expiresAtMs[key]! > nowMs) return NO_KEY;
    this.#remove(key);
    return key;
  }

  clear(): void {
    this.#expiresAtMs.fill(0);
    this.#oldest = this.#newest = NO_KEY;
  }

  /** The keys with an entry, oldest first. */
  *keys(): Generator<number> {
    for (let key = this.#oldest; key !== NO_KEY; key = this.#newer[key]!) yield key;
  }

  #remove(key: number): void {
    const older = this.#older[key]!;
    const newer = this.#newer[key]!;
    if (older === NO_KEY) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NO_KEY) this.#newest = older;
    else this.#older[newer] = older;
    this.#expiresAtMs[key] = 0;
  }
}
