import { keepSpareBytes } from "./kept-memory";
import { entryCount } from "./linear-hash";

/**
 * About how many credentials the cached decisions belong to: linear counting (Whang et al., 1990) of their tags, which are
 * pseudo-random. It has counters in place of bits, because decisions also leave the cache. Every step is O(1).
 *
 * The first table counts every tag, the second one in 16, the third one in 256. A table is right to a few percent until nearly
 * all its buckets are taken; then the next one serves.
 *
 * The tables are not worth a page. If the configuration leaves no room for them, nothing is counted.
 */

const TABLES: u32 = 3;
const SAMPLE_BITS: u32 = 4;
const BUCKETS: u32 = 512;
const USEFUL_BUCKETS: u32 = 486;
/** A bucket with so many decisions stays taken: their number is not known any more. */
const MOST: u16 = 0xffff;

/** Its buckets' counters follow, a u16 each. */
@unmanaged
class TagTable {
  /** Expected number of tags that take so many buckets: the sum of BUCKETS / (BUCKETS - n) for n below `taken`. */
  tags: f64;
  taken: u32;
}

const HEAD_BYTES: usize = 16;
if (offsetof<TagTable>() > 16) ERROR("TagTable has outgrown its memory");
const TABLE_BYTES: usize = HEAD_BYTES + ((<usize>BUCKETS) << 1);

/** 0 if nothing is counted. */
let tables: usize = 0;

/** Call once, after the configuration is read. */
export function prepareCredentialCount(): void {
  tables = keepSpareBytes(<usize>TABLES * TABLE_BYTES);
}

/** A decision with this tag is in the cache now. */
export function addCredential(tag: u32): void {
  for (let index: u32 = 0; counts(index, tag); index++) {
    const at = bucketOf(index, tag);
    const before = load<u16>(at);
    if (before == MOST) continue;
    store<u16>(at, before + 1);
    if (before != 0) continue;
    const table = tableAt(index);
    table.tags += stepAt(table.taken++);
  }
}

/** It is no longer there. */
export function removeCredential(tag: u32): void {
  for (let index: u32 = 0; counts(index, tag); index++) {
    const at = bucketOf(index, tag);
    const before = load<u16>(at);
    if (before == MOST) continue;
    store<u16>(at, before - 1);
    if (before != 1) continue;
    const table = tableAt(index);
    const taken = --table.taken;
    table.tags = taken == 0 ? 0 : table.tags - stepAt(taken);
  }
}

/** The estimate, exact for none and for one; 0 if nothing is counted. */
export function credentialCount(): u64 {
  if (!tables) return 0;
  let index: u32 = 0;
  while (index < TABLES - 1 && tableAt(index).taken > USEFUL_BUCKETS) index++;
  const estimate = <u64>(tableAt(index).tags * <f64>(1 << (index * SAMPLE_BITS)) + 0.5);
  return min(estimate, <u64>entryCount());
}

/** Whether the table counts this tag, by bits that select no bucket. */
function counts(index: u32, tag: u32): bool {
  return tables != 0 && index < TABLES && (tag & ((1 << (index * SAMPLE_BITS)) - 1)) == 0;
}

function tableAt(index: u32): TagTable {
  return changetype<TagTable>(tables + <usize>index * TABLE_BYTES);
}

function bucketOf(index: u32, tag: u32): usize {
  return tables + <usize>index * TABLE_BYTES + HEAD_BYTES + ((<usize>((tag >> 16) & (BUCKETS - 1))) << 1);
}

function stepAt(taken: u32): f64 {
  return <f64>BUCKETS / <f64>(BUCKETS - taken);
}
