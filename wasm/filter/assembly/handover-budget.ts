import { Entry } from "./entry";
import { keptPages } from "./kept-memory";
import { entryCount, INDEX_ENTRIES_PER_PAGE } from "./linear-hash";
import { initialPages, PAGE_BYTES } from "./pages";
import { bytesBesideFullSlots, fullSlots } from "./payload";
import { POOLS, poolOf } from "./pools";
import { classFor, ENTRY_CLASS, LARGEST_BLOCK_CLASS, pagesFor, SLOT_CLASSES, slabUsedBytes } from "./slab";

/**
 * How much of the cache fits into a budget of linear memory. Pages are counted in the order in which the allocator fills
 * them, which is exact for a fresh instance.
 */

/** Slots of each class of each pool needed by the entries counted so far. */
const SLOTS: usize = memory.data(4 * 13 * 2);

let entries: u32 = 0;
let pages: u32 = 0;
let budgetPages: u32 = 0;

/** True if all entries certainly fit, so that none must be counted. */
export function allFit(budgetBytes: u32): bool {
  const slabs = slabUsedBytes() / <u64>(PAGE_BYTES - 512) + SLOT_CLASSES * POOLS + 1;
  const index = entryCount() / INDEX_ENTRIES_PER_PAGE;
  return fixedPages() + slabs + index <= budgetBytes / <u32>PAGE_BYTES;
}

/** Resets the count. */
export function beginCount(budgetBytes: u32): void {
  memory.fill(SLOTS, 0, 4 * <usize>(SLOT_CLASSES * POOLS));
  entries = 0;
  pages = fixedPages();
  budgetPages = budgetBytes / <u32>PAGE_BYTES;
}

/** Counts one more entry. False if it exceeds the budget. */
export function countEntry(entry: Entry): bool {
  // One bucket per entry; the first page of buckets is one of the fixed pages.
  if (++entries % INDEX_ENTRIES_PER_PAGE == 0) pages++;
  const pool = poolOf(entry.outcome);
  countSlots(pool, ENTRY_CLASS, 1);
  const size: usize = entry.payloadSize;
  if (size > 0) {
    countSlots(pool, LARGEST_BLOCK_CLASS, fullSlots(size));
    const rest = bytesBesideFullSlots(size);
    if (rest > 0) countSlots(pool, classFor(rest), 1);
  }
  return pages <= budgetPages;
}

function countSlots(pool: u32, sizeClass: u32, more: u32): void {
  const at = SLOTS + ((<usize>(pool * SLOT_CLASSES + sizeClass)) << 2);
  const before = load<u32>(at);
  store<u32>(at, before + more);
  pages += pagesFor(before + more, sizeClass) - pagesFor(before, sizeClass);
}

/** Pages of a fresh instance: initial pages, configuration pages, first page of the index. */
function fixedPages(): u32 {
  return initialPages + keptPages() + 1;
}
