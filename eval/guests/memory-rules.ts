import { builtInMemory } from "./built-in-memory.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { SLOT_START_BYTES, slotAllocatedFor, slotBytesFor } from "./slot-memory.ts";

/** Rules by which entries are freed once their time is over, so that their peak number decides on the memory. */
export type PeakRule = "built-in" | "page" | "doubling" | "plus-20-percent" | "arena-4-mib";

/** What memory a number of entries of `entryBytes` needs. Pure; held page-exact against the modules. */
export function guestMemory(rule: PeakRule, entryBytes: number): GuestMemory {
  if (rule === "built-in") return builtInMemory(entryBytes);
  const bytesPerEntry = slotBytesFor(entryBytes);
  return {
    fixedBytes: SLOT_START_BYTES,
    bytesPerEntry,
    allocatedFor: (peakEntries) => slotAllocatedFor(rule, peakEntries * bytesPerEntry),
  };
}
