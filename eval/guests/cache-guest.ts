import type { EntryTtl } from "./entry-ttl.ts";

/**
 * A filter with a cache of decisions, for the evaluation: it runs in virtual time, takes one request after another, and its
 * authorization server answers at once. Real modules on the real host and models of filters share this interface.
 */
export interface CacheGuest {
  /** Current linear memory in bytes: pages x 65,536. */
  readonly allocatedBytes: number;
  /** The true required bytes, which the estimator never sees: unexpired entries and the fixed part. NaN if unknown. */
  readonly liveBytes: number;
  /**
   * Starts a fresh instance. With handover its cache holds the unexpired entries, compacted; without, it is empty.
   * @returns bytes of linear memory right afterwards
   */
  restart(nowMs: number, handover: boolean): number;
  /**
   * Sends one request that needs the decision of `key` (a small whole number).
   * @returns true for a hit, false if the authorization server was asked
   */
  request(nowMs: number, key: number): boolean | Promise<boolean>;
  /** Periodic work, called about once a second of virtual time while there is traffic. */
  tick(nowMs: number): void;
}

/** Configuration of a guest's cache. */
export interface CacheShape extends EntryTtl {
  /** Bytes of the headers cached with each decision. */
  readonly entryBytes: number;
}

/** How a guest's memory grows, and when it reuses the memory of entries. */
export type GrowthRule =
  /** The built-in filter: single pages, slabs, expiry by a timing wheel. */
  | "built-in"
  /** Single pages, slots of one size, expired entries freed at once. */
  | "page"
  /** Doubles its size. */
  | "doubling"
  /** Grows by a fifth of its current size. */
  | "plus-20-percent"
  /** Arenas of 4 MiB, like Go's. */
  | "arena-4-mib"
  /** Single pages; an expired entry is freed only when its key is asked for again. */
  | "lazy-expiry"
  /** Single pages; nothing is ever freed, and an expired entry is written again into new memory. */
  | "leak"
  /** Single pages; a hit restarts the entry's TTL. */
  | "sliding-ttl"
  /** Single pages; entries of different sizes, in slots of a power of two that never change their size. */
  | "size-classes"
  /** No cache and no call: memory grows with every request. */
  | "calls-nobody";
