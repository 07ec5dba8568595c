import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { GrowthRule } from "./cache-guest.ts";

/** Memory of a modelled filter that keeps each entry in a slot and grows by one of several rules. It exists only as a model. */

/** Pages for static data, index and scratch memory. The slots follow. */
const START_PAGES = 3;
export const SLOT_START_BYTES = START_PAGES * PAGE_BYTES;
const ARENA_PAGES = 64;
/** Bytes of an entry in addition to its headers. */
const ENTRY_HEADER_BYTES = 32;
const SLOT_ALIGNMENT_BYTES = 8;

export type SlotRule = Exclude<GrowthRule, "built-in" | "calls-nobody">;

/** Bytes of a slot, for all rules except size-classes. */
export function slotBytesFor(entryBytes: number): number {
  return Math.ceil((ENTRY_HEADER_BYTES + entryBytes) / SLOT_ALIGNMENT_BYTES) * SLOT_ALIGNMENT_BYTES;
}

/** For size-classes: exponent of the smallest power of two that holds the entry. */
export function slotClassFor(entryBytes: number): number {
  return 32 - Math.clz32(ENTRY_HEADER_BYTES + entryBytes - 1);
}

/**
 * Linear memory in bytes.
 * @param slotBytes total bytes of all slots ever taken, including free ones
 */
export function slotAllocatedFor(rule: SlotRule, slotBytes: number): number {
  const neededPages = START_PAGES + Math.ceil(slotBytes / PAGE_BYTES);
  return pagesHeldFor(rule, neededPages) * PAGE_BYTES;
}

function pagesHeldFor(rule: SlotRule, neededPages: number): number {
  let pages = START_PAGES;
  switch (rule) {
    case "doubling":
      while (pages < neededPages) pages *= 2;
      return pages;
    case "plus-20-percent":
      while (pages < neededPages) pages += Math.max(1, Math.floor(pages / 5));
      return pages;
    case "arena-4-mib":
      // The first arena exists from the start.
      return pages + Math.max(1, Math.ceil((neededPages - pages) / ARENA_PAGES)) * ARENA_PAGES;
    default:
      return neededPages;
  }
}
