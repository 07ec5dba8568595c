import { freePayload } from "./payload";
import { allocateSlot, ENTRY_CLASS, freeSlot } from "./slab";

/**
 * One cached decision: 56 bytes, and 4 more for its share of the index. Links are addresses (0 = none).
 * Times are milliseconds of the filter's own clock (clock.ts).
 */
@unmanaged
export class Entry {
  digestLow: u64;
  digestHigh: u64;
  expiresAtMs: u64;
  /** How long after its expiry it may still be served if the authorization server fails. */
  staleMs: u32;
  /** Status of the refusal in the lower 10 bits, its reason above; 0 for an allow. */
  outcome: u16;
  payloadSize: u16;
  payload: usize;
  /** Next in the same bucket of the index. */
  chainNext: usize;
  lruNewer: usize;
  lruOlder: usize;
  wheelNext: usize;
  /** The word that points to this entry: a slot of the wheel, or the previous entry's `wheelNext`. */
  wheelLink: usize;

  get address(): usize {
    return changetype<usize>(this);
  }

  /** The time it leaves the cache. */
  get dropAtMs(): u64 {
    return this.expiresAtMs + this.staleMs;
  }
}

/** A new entry with undefined fields, or null at the pool's limit. */
export function allocateEntry(pool: u32): Entry | null {
  return changetype<Entry | null>(allocateSlot(ENTRY_CLASS, pool));
}

/** Frees an entry and its payload. The entry must not be in any list. */
export function freeEntry(entry: Entry): void {
  freePayload(entry.payload);
  freeSlot(entry.address);
}
