import { hex } from "../runtime.ts";

/** What was added may come to so much, or to as much as the base, before a new base is written. */
const MIN_ADDED_BYTES = 1_048_576;
export const MAX_ADDED_ROWS = 1_024;

export const SLOTS = [0, 1] as const;
/** One base holds in its slot until the next is whole in the other. */
export type Slot = (typeof SLOTS)[number];

/** Which rows of a journal count. Stored sealed, so that no row can be left out unseen. */
export interface Head {
  readonly slot: Slot;
  /** Of the base and all that was added to it: rows of another one cannot be put among them. */
  readonly epoch: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of these, the base. */
  readonly baseRows: number;
  readonly baseBytes: number;
  /** Linear memory of the instance that told it: no fresh one needs more. */
  readonly allocatedBytes: number;
  readonly writtenAtMs: number;
}

/** Of an empty base beside the one of `head`. */
export function nextBase(head: Head | undefined): Head {
  return {
    slot: head === undefined ? 0 : otherSlot(head.slot),
    epoch: hex(crypto.getRandomValues(new Uint8Array(16))),
    rows: 0,
    bytes: 0,
    baseRows: 0,
    baseBytes: 0,
    allocatedBytes: 0,
    writtenAtMs: 0,
  };
}

export function withRow(head: Head, row: Uint8Array): Head {
  return { ...head, rows: head.rows + 1, bytes: head.bytes + row.length };
}

export function hasOutgrown({ rows, bytes, baseRows, baseBytes }: Head): boolean {
  return bytes - baseBytes > Math.max(baseBytes, MIN_ADDED_BYTES) || rows - baseRows >= MAX_ADDED_ROWS;
}

export function otherSlot(slot: Slot): Slot {
  return slot === 0 ? 1 : 0;
}

export function writeHead(head: Head): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(head));
}

/** What `writeHead` gave: it comes out of a seal, so it is ours; its shape may still be another version's. */
export function readHead(bytes: Uint8Array | undefined): Head | undefined {
  if (bytes === undefined) return undefined;
  const head = JSON.parse(new TextDecoder().decode(bytes)) as Head;
  const counts = [head.rows, head.bytes, head.baseRows, head.baseBytes, head.allocatedBytes, head.writtenAtMs];
  const isOne = SLOTS.includes(head.slot) && typeof head.epoch === "string" && counts.every(Number.isSafeInteger);
  return isOne ? head : undefined;
}
