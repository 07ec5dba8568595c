import type { CacheGuest } from "./cache-guest.ts";

/**
 * A guest that only computes numbers. It answers at once and is much faster than a module. Unlike the module guests, it can
 * hand entries over at a restart: they are compacted and keep their remaining time. Its memory has no maximum.
 */
export interface GuestModel extends CacheGuest {
  request(nowMs: number, key: number): boolean;
}
