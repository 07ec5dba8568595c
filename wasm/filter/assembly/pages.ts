/**
 * Pages of 64 KiB, the unit in which linear memory grows. Slabs and table segments take and return single whole pages, so
 * a page freed by one can serve any other. Memory grows by one page, and only when none is free.
 */

export const PAGE_BYTES: usize = 65536;

/** Pages of a fresh instance. */
export const initialPages: u32 = memory.size();

let firstFree: usize = 0;
let freePages: i32 = 0;
let limitPages: i32 = 65536;
/** Size at which the host last refused to grow (the module's own maximum can be below the limit); else above any limit. */
let refusedAtPages: i32 = 65537;

/** Limits the whole linear memory, including its initial part, to `bytes`. */
export function setMemoryLimit(bytes: u64): void {
  const pages = bytes / <u64>PAGE_BYTES;
  limitPages = pages > 65536 ? 65536 : <i32>pages;
}

/** Start of a page (its content undefined), or 0 at the limit or when the host refuses to grow. */
export function takePage(): usize {
  const page = firstFree;
  if (page) {
    firstFree = load<usize>(page);
    freePages--;
    return page;
  }
  const grown = growBy(1);
  refusedAtPages = grown ? 65537 : memory.size();
  return grown;
}

/** Maximum pages of linear memory, as far as is known. */
export function limitInReach(): i32 {
  return min(limitPages, refusedAtPages);
}

/** Pages that can be taken before the limit. */
export function pagesInReach(): i32 {
  return freePages + max(limitInReach() - memory.size(), 0);
}

export function givePage(page: usize): void {
  store<usize>(page, firstFree);
  firstFree = page;
  freePages++;
}

/** Start of `count` adjacent new pages, or 0. They are returned one by one, through `givePage`. */
export function growBy(count: i32): usize {
  if (memory.size() + count > limitPages) return 0;
  const previous = memory.grow(count);
  return previous < 0 ? 0 : <usize>previous * PAGE_BYTES;
}
