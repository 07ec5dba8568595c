import { Entry } from "./entry";
import { ALLOWS, POOLS, poolOf, REFUSALS } from "./pools";

/**
 * The exact order of last use: a doubly linked list through the entries, one for allows and one for refusals, so that
 * refusals displace only refusals.
 *
 * A handover follows each list from the oldest to the newest entry. Entries written or used meanwhile move to the newest
 * end, which the follower has yet to reach: no write is missed, without a log, and the order of use is handed over too.
 */
@unmanaged
class UseList {
  newest: usize;
  oldest: usize;
  /** The follower's next entry, 0 at the end. */
  ahead: usize;
}

const USE_LIST_BYTES: usize = 12;
const LISTS: usize = memory.data(12 * 2);
if (offsetof<UseList>() > 12) ERROR("UseList has outgrown its memory");

let follows: bool = false;
/** The next entry of a walk from the newest to the oldest, 0 at the end of its list. */
let below: usize = 0;
let walkedPool: u32 = ALLOWS;

function listOf(pool: u32): UseList {
  return changetype<UseList>(LISTS + <usize>pool * USE_LIST_BYTES);
}

export function leastRecentlyUsed(pool: u32): Entry | null {
  return changetype<Entry | null>(listOf(pool).oldest);
}

export function addMostRecent(entry: Entry): void {
  const list = listOf(poolOf(entry.outcome));
  entry.lruNewer = 0;
  entry.lruOlder = list.newest;
  if (list.newest) changetype<Entry>(list.newest).lruNewer = entry.address;
  else list.oldest = entry.address;
  list.newest = entry.address;
  if (follows && !list.ahead) list.ahead = entry.address;
}

export function removeFromUse(entry: Entry): void {
  const list = listOf(poolOf(entry.outcome));
  if (entry.address == list.ahead) list.ahead = entry.lruNewer;
  if (entry.address == below) below = entry.lruOlder;
  if (entry.lruNewer) changetype<Entry>(entry.lruNewer).lruOlder = entry.lruOlder;
  else list.newest = entry.lruOlder;
  if (entry.lruOlder) changetype<Entry>(entry.lruOlder).lruNewer = entry.lruNewer;
  else list.oldest = entry.lruNewer;
}

export function markUsed(entry: Entry): void {
  if (!entry.lruNewer) return;
  removeFromUse(entry);
  addMostRecent(entry);
}

/** Starts the follower at the oldest entries. */
export function followAll(): void {
  for (let pool: u32 = 0; pool < POOLS; pool++) listOf(pool).ahead = listOf(pool).oldest;
  follows = true;
}

/** Starts the follower after an entry that a walk reached: it follows the entries the walk has passed, and all new ones. */
export function followPassed(entry: Entry): void {
  const pool = poolOf(entry.outcome);
  listOf(ALLOWS).ahead = pool == ALLOWS ? entry.lruNewer : listOf(ALLOWS).oldest;
  listOf(REFUSALS).ahead = pool == REFUSALS ? entry.lruNewer : 0;
  follows = true;
}

export function stopFollowing(): void {
  for (let pool: u32 = 0; pool < POOLS; pool++) listOf(pool).ahead = 0;
  follows = false;
}

/** The follower's current entry; null while it has none. */
export function followed(): Entry | null {
  const allow = listOf(ALLOWS).ahead;
  return changetype<Entry | null>(allow ? allow : listOf(REFUSALS).ahead);
}

export function followOn(): void {
  const list = listOf(listOf(ALLOWS).ahead ? ALLOWS : REFUSALS);
  list.ahead = changetype<Entry>(list.ahead).lruNewer;
}

/** Starts a walk from the newest allow to the oldest, then through the refusals. Entries used meanwhile count as passed. */
export function beginWalk(): void {
  walkedPool = ALLOWS;
  below = listOf(ALLOWS).newest;
}

export function walked(): Entry | null {
  if (!below && walkedPool == ALLOWS) {
    walkedPool = REFUSALS;
    below = listOf(REFUSALS).newest;
  }
  return changetype<Entry | null>(below);
}

export function walkOn(): void {
  below = changetype<Entry>(below).lruOlder;
}

export function endWalk(): void {
  below = 0;
}
