import { limitInReach, pagesInReach, initialPages } from "./pages";

/**
 * How allows and refusals share the cache. A stranger makes refusals by sending tokens, so they have pages of their own, an
 * eighth of the cache, which allows leave to them: neither pushes out the other.
 */

export const ALLOWS: u32 = 0;
export const REFUSALS: u32 = 1;
export const POOLS: u32 = 2;

/** A cache too small to be shared keeps refusals in so many pages, as long as no allow needs them. */
const MIN_REFUSAL_PAGES: i32 = 2;
/**
 * And in no more than a megabyte where the cache may share an isolate: linear memory never shrinks, and an eighth of each service
 * would be more than the isolate has, so that strangers could have all of them restarted.
 */
const MAX_REFUSAL_PAGES: i32 = 16;
/** A cache that is larger than an isolate has a process of its own. */
const ISOLATE_PAGES: i32 = 2048;
/** For each of their pages: refusals without a page of their own would otherwise fill the index. */
const MAX_REFUSALS_PER_PAGE: i32 = 256;

const PAGES: usize = memory.data(4 * 2);

/** @param outcome as in `Entry.outcome` */
export function poolOf(outcome: u16): u32 {
  return outcome == 0 ? ALLOWS : REFUSALS;
}

/** Pages that allows leave to refusals. */
function refusalShare(): i32 {
  const share = max((limitInReach() - <i32>initialPages) >> 3, 0);
  return limitInReach() <= ISOLATE_PAGES ? min(share, MAX_REFUSAL_PAGES) : share;
}

function maxRefusalPages(): i32 {
  return max(refusalShare(), MIN_REFUSAL_PAGES);
}

/** How many refusals are kept at once. */
export function maxRefusals(): u32 {
  return <u32>(maxRefusalPages() * MAX_REFUSALS_PER_PAGE);
}

function pagesOf(pool: u32): i32 {
  return load<i32>(PAGES + (<usize>pool << 2));
}

/** Whether refusals hold more than is kept for them, so that an allow may take it. */
export function refusalsExceedTheirShare(): bool {
  return pagesOf(REFUSALS) > refusalShare();
}

export function mayTakePage(pool: u32): bool {
  if (pool == REFUSALS) return pagesOf(REFUSALS) < maxRefusalPages();
  return pagesInReach() > max(refusalShare() - pagesOf(REFUSALS), 0);
}

export function notePageTaken(pool: u32): void {
  store<i32>(PAGES + (<usize>pool << 2), pagesOf(pool) + 1);
}

export function notePageGiven(pool: u32): void {
  store<i32>(PAGES + (<usize>pool << 2), pagesOf(pool) - 1);
}
