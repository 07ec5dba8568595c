import { initialPages, limitInReach, pagesInReach } from "./pages";

/**
 * How allows and refusals share the cache. Anyone can cause refusals by sending tokens, so refusals have their own pages, an
 * eighth of the cache, which allows do not use: neither displaces the other.
 */

export const ALLOWS: u32 = 0;
export const REFUSALS: u32 = 1;
export const POOLS: u32 = 2;

/** A cache too small to share keeps refusals in this many pages, as long as no allow needs them. */
const MIN_REFUSAL_PAGES: i32 = 2;
/**
 * At most one megabyte if the cache may share an isolate: linear memory never shrinks, and an eighth for each service could
 * exceed the isolate's memory, so strangers could force restarts of all services.
 */
const MAX_REFUSAL_PAGES: i32 = 16;
/** A cache larger than an isolate has its own process. */
const ISOLATE_PAGES: i32 = 2048;
/** Per page of memory: otherwise many small refusals could fill the index. */
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

/** Maximum number of refusals kept at once. */
export function maxRefusals(): u32 {
  return <u32>(maxRefusalPages() * MAX_REFUSALS_PER_PAGE);
}

function pagesOf(pool: u32): i32 {
  return load<i32>(PAGES + ((<usize>pool) << 2));
}

/** True if refusals hold more than their share, which an allow may take. */
export function refusalsExceedTheirShare(): bool {
  return pagesOf(REFUSALS) > refusalShare();
}

export function mayTakePage(pool: u32): bool {
  if (pool == REFUSALS) return pagesOf(REFUSALS) < maxRefusalPages();
  return pagesInReach() > max(refusalShare() - pagesOf(REFUSALS), 0);
}

export function notePageTaken(pool: u32): void {
  store<i32>(PAGES + ((<usize>pool) << 2), pagesOf(pool) + 1);
}

export function notePageGiven(pool: u32): void {
  store<i32>(PAGES + ((<usize>pool) << 2), pagesOf(pool) - 1);
}
