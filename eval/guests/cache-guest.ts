/**
 * A filter with a cache of decisions, as the evaluation drives it: under virtual time, one request after another, with an
 * authorization server that answers at once. Real modules on the real host and models of them look the same from here.
 */
export interface CacheGuest {
  /** Linear memory now, in bytes: pages x 65,536. */
  readonly allocatedBytes: number;
  /** The truth that the estimator never sees: bytes in use by unexpired entries and the fixed part, as the guest would need them freshly packed. */
  readonly liveBytes: number;
  /**
   * A fresh instance. The cache is empty, or, where entries are handed over, holds the unexpired ones, compacted.
   * @returns bytes of linear memory right after
   */
  restart(nowMs: number, handover: boolean): number;
  /**
   * One request for the decision of `key` (a small whole number).
   * @returns true for a hit, false if the authorization server was asked
   */
  request(nowMs: number, key: number): boolean | Promise<boolean>;
  /** Periodic work, called about once a second of virtual time while there is traffic. */
  tick(nowMs: number): void;
}

/** What a guest's cache is like, as far as it is chosen from outside. */
export interface CacheShape {
  /** How long a decision is kept, counted from its write (by `sliding-ttl`: from its last use). */
  readonly ttlMs: number;
  /** Bytes of the headers kept with each decision. */
  readonly entryBytes: number;
}

/** How a guest's memory grows and what it gives back to its own use. */
export type GrowthRule =
  /** The built-in filter: single pages, slabs, expiry by a timing wheel. */
  | "built-in"
  /** Single pages, slots of one size, expired entries freed at once. */
  | "page"
  | "doubling"
  /** By a fifth of what is held. */
  | "plus-20-percent"
  /** Arenas of 4 MiB, as Go takes them. */
  | "arena-4-mib"
  /** Single pages; an expired entry is freed only when its key is asked for again. */
  | "lazy-expiry"
  /** Single pages; nothing is ever freed, expired entries are written anew. */
  | "leak"
  /** Single pages; a hit begins the entry's time anew. */
  | "sliding-ttl"
  /** Single pages; entries of differing sizes in slots of powers of two that never change their size. */
  | "size-classes";
