import { builtInMemory } from "./built-in-memory.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { SLOT_START_BYTES, slotAllocatedFor, slotBytesFor } from "./slot-memory.ts";

/** Rules that free entries when they expire: memory depends only on the peak number of entries. */
export type PeakRule = "built-in" | "page" | "doubling" | "plus-20-percent" | "arena-4-mib";

/** Memory of a guest with entries of `entryBytes`. model.test.ts compares it with the models, page for page. */
export function guestMemory(rule: PeakRule, entryBytes: number): GuestMemory {
  if (rule === "built-in") return builtInMemory(entryBytes);
  const bytesPerEntry = slotBytesFor(entryBytes);
  return {
    fixedBytes: SLOT_START_BYTES,
    bytesPerEntry,
    allocatedFor: (peakEntries) => slotAllocatedFor(rule, peakEntries * bytesPerEntry),
  };
}
