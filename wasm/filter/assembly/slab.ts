import { givePage, PAGE_BYTES, takePage } from "./pages";
import { mayTakePage, notePageGiven, notePageTaken } from "./pools";

/**
 * Slots of a few fixed sizes, allocated from pages. One page holds slots of one class and one pool. A page without used
 * slots returns to the free pages, from which any class and the tables can take it. All operations are O(1).
 *
 * The classes are spaced so that a payload wastes at most 15 % plus the 20 bytes an entry leaves of its 80.
 */

/** Class of cache entries, which fit exactly. The other classes are for payload blocks. */
export const ENTRY_CLASS: u32 = 12;
export const LARGEST_BLOCK_BYTES: usize = 256;
export const LARGEST_BLOCK_CLASS: u32 = 11;

export const SLOT_CLASSES: u32 = 13;
const SLOT_BYTES: usize = memory.data<u16>([16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 56]);
/** The class for a size in units of 16 bytes: one class each for 1 to 8 units, then one per two units. */
const CLASS_BY_SIXTEENTHS: usize = memory.data<u8>([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11]);

/** Heads of the lists of pages with a free slot, one per class and pool. */
const OPEN_PAGES: usize = memory.data(4 * 13 * 2);

/** The first bytes of a page that is a slab. */
@unmanaged
class Slab {
  sizeClass: u32;
  used: u32;
  /** Freed slots, linked through their first word. */
  firstFree: usize;
  /** Slots from here to the end were never used. */
  untouched: usize;
  previous: usize;
  next: usize;
  /** 1 while in the list of open pages. */
  open: u32;
  pool: u32;
}

const SLAB_HEADER_BYTES: usize = 32;

let usedBytes: u64 = 0;

/** Bytes of all slots in use. */
export function slabUsedBytes(): u64 {
  return usedBytes;
}

function slotBytes(sizeClass: u32): usize {
  return load<u16>(SLOT_BYTES + ((<usize>sizeClass) << 1));
}

/** Number of pages needed for this many slots of a class. */
export function pagesFor(slots: u32, sizeClass: u32): u32 {
  const perPage = <u32>((PAGE_BYTES - SLAB_HEADER_BYTES) / slotBytes(sizeClass));
  return (slots + perPage - 1) / perPage;
}

function openPagesAt(sizeClass: u32, pool: u32): usize {
  return OPEN_PAGES + ((<usize>(pool * SLOT_CLASSES + sizeClass)) << 2);
}

/** Smallest class whose slots hold `size` bytes; `size` at most LARGEST_BLOCK_BYTES. */
export function classFor(size: usize): u32 {
  return load<u8>(CLASS_BY_SIXTEENTHS + ((size + 15) >> 4));
}

/** Bytes of the slot at `slot`. */
export function slotSize(slot: usize): usize {
  return slotBytes(changetype<Slab>(slot & ~(PAGE_BYTES - 1)).sizeClass);
}

/** A slot of the class with undefined content; 0 if the pool cannot get another page. */
export function allocateSlot(sizeClass: u32, pool: u32): usize {
  let page = load<usize>(openPagesAt(sizeClass, pool));
  if (!page) {
    page = mayTakePage(pool) ? takePage() : 0;
    if (!page) return 0;
    startSlab(page, sizeClass, pool);
  }
  const slab = changetype<Slab>(page);
  const size = slotBytes(sizeClass);
  let slot = slab.firstFree;
  if (slot) {
    slab.firstFree = load<usize>(slot);
  } else {
    slot = slab.untouched;
    slab.untouched = slot + size;
  }
  slab.used++;
  usedBytes += size;
  if (!slab.firstFree && slab.untouched + size > page + PAGE_BYTES) close(slab);
  return slot;
}

/** At the limit: a free slot of any class in the pool, the largest first, or 0. */
export function allocateAnySlot(pool: u32): usize {
  for (let sizeClass: i32 = <i32>classFor(LARGEST_BLOCK_BYTES); sizeClass >= 0; sizeClass--) {
    if (load<usize>(openPagesAt(sizeClass, pool))) return allocateSlot(sizeClass, pool);
  }
  return load<usize>(openPagesAt(ENTRY_CLASS, pool)) ? allocateSlot(ENTRY_CLASS, pool) : 0;
}

/** Frees and wipes a slot: payloads may contain identities and tokens for the upstream. */
export function freeSlot(slot: usize): void {
  const page = slot & ~(PAGE_BYTES - 1);
  const slab = changetype<Slab>(page);
  const size = slotBytes(slab.sizeClass);
  memory.fill(slot, 0, size);
  store<usize>(slot, slab.firstFree);
  slab.firstFree = slot;
  slab.used--;
  usedBytes -= size;
  if (slab.used == 0) {
    if (slab.open) close(slab);
    notePageGiven(slab.pool);
    givePage(page);
  } else if (!slab.open) {
    open(slab);
  }
}

function startSlab(page: usize, sizeClass: u32, pool: u32): void {
  const slab = changetype<Slab>(page);
  notePageTaken(pool);
  slab.pool = pool;
  slab.sizeClass = sizeClass;
  slab.used = 0;
  slab.firstFree = 0;
  slab.untouched = page + SLAB_HEADER_BYTES;
  slab.open = 0;
  open(slab);
}

function open(slab: Slab): void {
  const head = openPagesAt(slab.sizeClass, slab.pool);
  const next = load<usize>(head);
  slab.previous = 0;
  slab.next = next;
  if (next) changetype<Slab>(next).previous = changetype<usize>(slab);
  store<usize>(head, changetype<usize>(slab));
  slab.open = 1;
}

function close(slab: Slab): void {
  if (slab.next) changetype<Slab>(slab.next).previous = slab.previous;
  if (slab.previous) changetype<Slab>(slab.previous).next = slab.next;
  else store<usize>(openPagesAt(slab.sizeClass, slab.pool), slab.next);
  slab.open = 0;
}
