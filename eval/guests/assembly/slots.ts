import { RULE_ARENA_4_MIB, RULE_DOUBLING, RULE_PLUS_20_PERCENT, RULE_SIZE_CLASSES, rule } from "./configuration";

/**
 * Slots for entries, side by side from the end of the initial memory on. A freed one is only used again for its own
 * size, which with the rule size-classes is a power of two.
 */

const PAGE_BYTES: usize = 65536;
const ARENA_PAGES: i32 = 64;

/** Freed slots, linked through their first word: one list for each power of two. */
const FREE: usize = memory.data(4 * 32);

/** From here to the end of memory, nothing was used yet. */
let top: usize = 0;

/** Before the first slot. False if the host refuses the memory. */
export function startSlots(): bool {
  top = <usize>memory.size() * PAGE_BYTES;
  return rule != RULE_ARENA_4_MIB || memory.grow(ARENA_PAGES) >= 0;
}

/** What a slot for `bytes` takes. */
export function slotBytesFor(bytes: u32): u32 {
  if (rule == RULE_SIZE_CLASSES) return 1 << (32 - clz(bytes - 1));
  return (bytes + 7) & ~7;
}

/** A slot, its content undefined, or 0 at the module's maximum. */
export function allocateSlot(slotBytes: u32): usize {
  const list = freeList(slotBytes);
  let slot = load<usize>(list);
  if (slot) {
    store<usize>(list, load<usize>(slot));
    return slot;
  }
  while (<usize>memory.size() * PAGE_BYTES - top < slotBytes) {
    if (memory.grow(pagesToGrow()) < 0) return 0;
  }
  slot = top;
  top += slotBytes;
  return slot;
}

export function freeSlot(slot: usize, slotBytes: u32): void {
  const list = freeList(slotBytes);
  store<usize>(slot, load<usize>(list));
  store<usize>(list, slot);
}

function freeList(slotBytes: u32): usize {
  return FREE + (<usize>(31 - clz(slotBytes)) << 2);
}

function pagesToGrow(): i32 {
  switch (rule) {
    case RULE_DOUBLING: return memory.size();
    case RULE_PLUS_20_PERCENT: return max(1, memory.size() / 5);
    case RULE_ARENA_4_MIB: return ARENA_PAGES;
    default: return 1;
  }
}
