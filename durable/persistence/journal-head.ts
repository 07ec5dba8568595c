import { hex } from "../runtime/runtime.ts";

/** A new base is written when the changes exceed both this size and the size of the base. */
const MIN_ADDED_BYTES = 1_048_576;
export const MAX_ADDED_ROWS = 1_024;

export const SLOTS = [0, 1] as const;
/** A base stays valid in its slot until the next one is complete in the other. */
export type Slot = (typeof SLOTS)[number];

/** Which rows of a journal are valid. Sealed, so that no row can be left out without notice. */
export interface JournalHead {
  readonly slot: Slot;
  /** Random for each base, so that rows of another base cannot be mixed in. */
  readonly epoch: string;
  readonly rows: number;
  readonly bytes: number;
  /** Part of the above: the base. */
  readonly baseRows: number;
  readonly baseBytes: number;
  /** Linear memory of the instance that wrote it: a fresh one needs no more than that. */
  readonly allocatedBytes: number;
  readonly writtenAtMs: number;
}

/** The head of an empty base in the other slot. */
export function nextBase(head: JournalHead | undefined): JournalHead {
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

export function withRow(head: JournalHead, row: Uint8Array): JournalHead {
  return { ...head, rows: head.rows + 1, bytes: head.bytes + row.length };
}

export function hasOutgrown({ rows, bytes, baseRows, baseBytes }: JournalHead): boolean {
  return bytes - baseBytes > Math.max(baseBytes, MIN_ADDED_BYTES) || rows - baseRows >= MAX_ADDED_ROWS;
}

export function otherSlot(slot: Slot): Slot {
  return slot === 0 ? 1 : 0;
}

export function writeHead(head: JournalHead): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(head));
}

/** Reads the output of `writeHead`. The seal proves that it is ours, but another version may have written it. */
export function readHead(bytes: Uint8Array | undefined): JournalHead | undefined {
  if (bytes === undefined) return undefined;
  const head = JSON.parse(new TextDecoder().decode(bytes)) as JournalHead;
  const counts = [head.rows, head.bytes, head.baseRows, head.baseBytes, head.allocatedBytes, head.writtenAtMs];
  const isOne = SLOTS.includes(head.slot) && typeof head.epoch === "string" && counts.every(Number.isSafeInteger);
  return isOne ? head : undefined;
}
