import { entryCount } from "./linear-hash";

/**
 * About how many credentials the cached decisions belong to: linear counting (Whang et al., 1990) of their tags, which are
 * pseudo-random. It has counters in place of bits, because decisions also leave the cache. Every step is O(1).
 *
 * A table is exact to a few percent until nearly all its buckets are taken, by about three credentials each. Beyond that, the
 * table that counts one credential in 64 serves.
 */

const BUCKETS: u32 = 1024;
const USEFUL_BUCKETS: u32 = 973;
const SAMPLED: u32 = 64;

@unmanaged
class TagTable {
  counts: usize;
  taken: u32;
  /** Expected number of tags that take so many buckets: the sum of BUCKETS / (BUCKETS - n) for n below `taken`. */
  tags: f64;

  add(bucket: u32): void {
    const at = this.counts + ((<usize>(bucket & (BUCKETS - 1))) << 2);
    const before = load<u32>(at);
    store<u32>(at, before + 1);
    if (before == 0) {
      this.tags += this.stepAt(this.taken);
      this.taken++;
    }
  }

  remove(bucket: u32): void {
    const at = this.counts + ((<usize>(bucket & (BUCKETS - 1))) << 2);
    const left = load<u32>(at) - 1;
    store<u32>(at, left);
    if (left == 0) {
      this.taken--;
      this.tags = this.taken == 0 ? 0 : this.tags - this.stepAt(this.taken);
    }
  }

  private stepAt(taken: u32): f64 {
    return <f64>BUCKETS / <f64>(BUCKETS - taken);
  }
}

const all = changetype<TagTable>(memory.data(16, 8));
const sample = changetype<TagTable>(memory.data(16, 8));
if (offsetof<TagTable>() > 16) ERROR("TagTable has outgrown its memory");
all.counts = memory.data(4 * 1024);
sample.counts = memory.data(4 * 1024);

/** A decision with this tag is in the cache now. */
export function addCredential(tag: u32): void {
  all.add(tag);
  if (isSampled(tag)) sample.add(tag >> 16);
}

/** It is no longer there. */
export function removeCredential(tag: u32): void {
  all.remove(tag);
  if (isSampled(tag)) sample.remove(tag >> 16);
}

/** The estimate; exact for none and for one. */
export function credentialCount(): u64 {
  const estimate = all.taken <= USEFUL_BUCKETS ? all.tags : <f64>SAMPLED * sample.tags;
  return min(<u64>(estimate + 0.5), <u64>entryCount());
}

/** Bits of the tag that neither table selects a bucket by. */
function isSampled(tag: u32): bool {
  return ((tag >> 10) & (SAMPLED - 1)) == 0;
}
