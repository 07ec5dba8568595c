import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** Memory layout of the built-in filter; see `slab.ts`, `payload.ts`, `entry.ts` and `linear-hash.ts` in its sources. */

const START_PAGES = 3;
const SLAB_HEADER_BYTES = 32;
const ENTRY_SLOT_BYTES = 56;
/** Slot sizes for payload blocks. All blocks of a chain except the last have the largest size. */
const BLOCK_SLOT_BYTES = [16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256] as const;
const LARGEST_BLOCK_BYTES = 256;
const LINK_BYTES = 4;
/** Stored before each upstream header's value: the header's number and the size of the value. */
const RECORD_HEADER_BYTES = 3;
const INDEX_BYTES_PER_ENTRY = 4;
const BUCKETS_PER_PAGE = 16_384;

/** @param entryBytes size of the value of the decision's upstream header; 0 for a decision without headers */
export function builtInMemory(entryBytes: number): GuestMemory {
  const slotsByBytes = new Map<number, number>([[ENTRY_SLOT_BYTES, 1]]);
  for (const bytes of payloadSlots(entryBytes)) slotsByBytes.set(bytes, (slotsByBytes.get(bytes) ?? 0) + 1);
  const slots = [...slotsByBytes].map(([bytes, perEntry]) => ({ bytes, perEntry, perPage: slotsPerPage(bytes) }));
  return {
    // The first entry gives the index its first page.
    fixedBytes: (START_PAGES + 1) * PAGE_BYTES,
    bytesPerEntry: slots.reduce((sum, { bytes, perEntry }) => sum + bytes * perEntry, INDEX_BYTES_PER_ENTRY),
    allocatedFor(peakEntries) {
      // A slot class takes another page only when all its slots are in use; the index, when all its buckets are.
      let pages = START_PAGES + Math.ceil(peakEntries / BUCKETS_PER_PAGE);
      for (const { perEntry, perPage } of slots) pages += Math.ceil((peakEntries * perEntry) / perPage);
      return pages * PAGE_BYTES;
    },
  };
}

/** Slot sizes of the chain that holds the payload of one header. */
function payloadSlots(entryBytes: number): number[] {
  const slots: number[] = [];
  let left = entryBytes === 0 ? 0 : RECORD_HEADER_BYTES + entryBytes;
  while (left > 0) {
    const wanted = Math.min(left + LINK_BYTES, LARGEST_BLOCK_BYTES);
    const slot = BLOCK_SLOT_BYTES.find((bytes) => bytes >= wanted) ?? LARGEST_BLOCK_BYTES;
    slots.push(slot);
    left -= slot - LINK_BYTES;
  }
  return slots;
}

function slotsPerPage(slotBytes: number): number {
  return Math.floor((PAGE_BYTES - SLAB_HEADER_BYTES) / slotBytes);
}
