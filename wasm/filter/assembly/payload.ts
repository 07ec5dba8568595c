import { reserve } from "./arena";
import { allocateAnySlot, allocateSlot, classFor, freeSlot, LARGEST_BLOCK_BYTES, slotSize } from "./slab";

/**
 * A payload is stored as a chain of slots, each with a 4-byte link and data. Chaining limits the waste to one rounding for
 * any size, needs few size classes, and lets a payload fill whatever slots evictions free at the memory limit.
 */

const LINK_BYTES: usize = 4;

/** Copies `size` > 0 bytes into a chain and returns its head; 0 (and no slots) if the pool is at its limit. */
export function storePayload(start: usize, size: usize, pool: u32): usize {
  let head: usize = 0;
  let link: usize = 0;
  let copied: usize = 0;
  while (copied < size) {
    const left = size - copied;
    const wanted = left + LINK_BYTES < LARGEST_BLOCK_BYTES ? left + LINK_BYTES : LARGEST_BLOCK_BYTES;
    let slot = allocateSlot(classFor(wanted), pool);
    if (!slot) slot = allocateAnySlot(pool);
    if (!slot) {
      freePayload(head);
      return 0;
    }
    const capacity = slotSize(slot) - LINK_BYTES;
    const part = left < capacity ? left : capacity;
    store<usize>(slot, 0);
    memory.copy(slot + LINK_BYTES, start + copied, part);
    copied += part;
    if (link) store<usize>(link, slot);
    else head = slot;
    link = slot;
  }
  return head;
}

/** The payload in one piece: in place if it is a single slot, else copied to the arena; 0 if the arena is full. */
export function readPayload(head: usize, size: usize): usize {
  if (!load<usize>(head)) return head + LINK_BYTES;
  const start = reserve(size);
  if (start) copyPayload(head, size, start);
  return start;
}

/** Copies a payload of `size` bytes to `into`. */
export function copyPayload(head: usize, size: usize, into: usize): void {
  let copied: usize = 0;
  for (let slot = head; slot; slot = load<usize>(slot)) {
    const capacity = slotSize(slot) - LINK_BYTES;
    const part = size - copied < capacity ? size - copied : capacity;
    memory.copy(into + copied, slot + LINK_BYTES, part);
    copied += part;
  }
}

/** Slots of the largest class that a payload takes if memory is available. */
export function fullSlots(size: usize): u32 {
  return <u32>(size / (LARGEST_BLOCK_BYTES - LINK_BYTES));
}

/** Bytes of the remaining slot, including its link; 0 if there is none. */
export function bytesBesideFullSlots(size: usize): usize {
  const rest = size % (LARGEST_BLOCK_BYTES - LINK_BYTES);
  return rest > 0 ? rest + LINK_BYTES : 0;
}

export function freePayload(head: usize): void {
  while (head) {
    const next = load<usize>(head);
    freeSlot(head);
    head = next;
  }
}
