import { Entry } from "./entry";
import { givePage, takePage } from "./pages";

/**
 * Index of the entries by digest: linear hashing (Litwin, 1980). Above one entry per bucket, every insertion splits
 * exactly one bucket; far below it, every removal merges one. So the table follows the number of entries in steps of
 * 4 bytes, in segments of one page: no doubling, no pause, no copy.
 *
 * Digests are pseudo-random, so the low bits select buckets evenly and no outsider can target one.
 */

/** One bucket (the address of its first entry) per entry. */
export const INDEX_BYTES_PER_ENTRY: u32 = 4;

const SEGMENT_BITS: u32 = 14;
const SEGMENT_BUCKETS: u32 = 1 << SEGMENT_BITS;
/** Number of entries per page of the index. */
export const INDEX_ENTRIES_PER_PAGE: u32 = 1 << SEGMENT_BITS;
/** Four million buckets; beyond that, chains grow longer. 256 MB of entries need fewer. */
const MAX_SEGMENTS: u32 = 256;
const SEGMENTS: usize = memory.data(4 * 256);

let count: u32 = 0;
let buckets: u32 = 0;
/** Smallest 2^k - 1 that covers every bucket number. */
let mask: u32 = SEGMENT_BUCKETS - 1;

export function entryCount(): u32 {
  return count;
}

function bucketAt(index: u32): usize {
  const segment = load<usize>(SEGMENTS + ((<usize>(index >> SEGMENT_BITS)) << 2));
  return segment + ((<usize>(index & (SEGMENT_BUCKETS - 1))) << 2);
}

function bucketOf(digestLow: u64): usize {
  const index = <u32>digestLow & mask;
  return bucketAt(index < buckets ? index : index & (mask >> 1));
}

export function findEntry(digestLow: u64, digestHigh: u64): Entry | null {
  if (!buckets) return null;
  let at = load<usize>(bucketOf(digestLow));
  while (at) {
    const entry = changetype<Entry>(at);
    if (entry.digestLow == digestLow && entry.digestHigh == digestHigh) return entry;
    at = entry.chainNext;
  }
  return null;
}

/** Makes sure the first segment exists. False if there is no page for it. */
export function prepareIndex(): bool {
  if (buckets) return true;
  const segment = takePage();
  if (!segment) return false;
  memory.fill(segment, 0, (<usize>SEGMENT_BUCKETS) << 2);
  store<usize>(SEGMENTS, segment);
  buckets = SEGMENT_BUCKETS;
  return true;
}

/** Adds an entry whose digest is not in the index. */
export function indexEntry(entry: Entry): void {
  const bucket = bucketOf(entry.digestLow);
  entry.chainNext = load<usize>(bucket);
  store<usize>(bucket, entry.address);
  count++;
  if (count > buckets) splitBucket();
}

/** Removes an entry that is in the index. */
export function unindexEntry(entry: Entry): void {
  let link = bucketOf(entry.digestLow);
  while (load<usize>(link) != entry.address) {
    link = load<usize>(link) + offsetof<Entry>("chainNext");
  }
  store<usize>(link, entry.chainNext);
  count--;
  // Only when half empty, so that a steady number of entries neither splits nor merges.
  if (count < buckets >> 1 && buckets > SEGMENT_BUCKETS) mergeBucket();
}

function splitBucket(): void {
  const added = buckets;
  const segmentIndex = added >> SEGMENT_BITS;
  if ((added & (SEGMENT_BUCKETS - 1)) == 0) {
    // Without a page, chains grow longer for a while; no entry is evicted for the index.
    const segment = segmentIndex < MAX_SEGMENTS ? takePage() : 0;
    if (!segment) return;
    store<usize>(SEGMENTS + ((<usize>segmentIndex) << 2), segment);
  }
  if (added > mask) mask = (mask << 1) | 1;
  const source = bucketAt(added & (mask >> 1));
  let at = load<usize>(source);
  let kept: usize = 0;
  let moved: usize = 0;
  while (at) {
    const entry = changetype<Entry>(at);
    const next = entry.chainNext;
    if ((<u32>entry.digestLow & mask) == added) {
      entry.chainNext = moved;
      moved = at;
    } else {
      entry.chainNext = kept;
      kept = at;
    }
    at = next;
  }
  store<usize>(source, kept);
  store<usize>(bucketAt(added), moved);
  buckets++;
}

function mergeBucket(): void {
  const removed = buckets - 1;
  const target = bucketAt(removed & (mask >> 1));
  let at = load<usize>(bucketAt(removed));
  while (at) {
    const entry = changetype<Entry>(at);
    const next = entry.chainNext;
    entry.chainNext = load<usize>(target);
    store<usize>(target, at);
    at = next;
  }
  buckets = removed;
  if (removed == (mask >> 1) + 1) mask >>= 1;
  if ((removed & (SEGMENT_BUCKETS - 1)) == 0) {
    givePage(load<usize>(SEGMENTS + ((<usize>(removed >> SEGMENT_BITS)) << 2)));
  }
}
