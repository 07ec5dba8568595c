import { type Head, otherSlot, SLOTS, type Slot } from "./head.ts";

/** Where a journal lies in the object's storage: its head under this key, its rows under keys that begin with it. */
export const HEAD_KEY = "journal";

/** No decision waits for a disk. */
export const UNCONFIRMED: DurableObjectPutOptions = { allowUnconfirmed: true };

/** Of the row that comes after those of `head`. */
export function rowKey({ slot, rows }: Pick<Head, "slot" | "rows">): string {
  return `${HEAD_KEY}/${slot}/${String(rows).padStart(6, "0")}`;
}

/** Removes the journal of a service that keeps none any more, or cannot read it. */
export async function removeJournal(storage: DurableObjectStorage): Promise<void> {
  removeHead(storage);
  await removeAllRows(storage);
}

/** Without its head no row counts. */
export function removeHead(storage: DurableObjectStorage): void {
  if (storage.kv.get(HEAD_KEY) !== undefined) storage.kv.delete(HEAD_KEY);
}

export async function removeAllRows(storage: DurableObjectStorage): Promise<void> {
  for (const slot of SLOTS) await removeSlot(storage, slot, 0);
}

/** After a new base: the other slot, and what a write that was cut off has left behind in its own. */
export async function removeRowsBeside(storage: DurableObjectStorage, { slot, rows }: Head): Promise<void> {
  await removeSlot(storage, slot, rows);
  await removeSlot(storage, otherSlot(slot), 0);
}

async function removeSlot(storage: DurableObjectStorage, slot: Slot, from: number): Promise<void> {
  const prefix = `${HEAD_KEY}/${slot}/`;
  const start = rowKey({ slot, rows: from });
  for (;;) {
    // Their values come along: a few at a time.
    const found = [...storage.kv.list({ prefix, start, limit: 16 })].map(([key]) => key);
    if (found.length === 0) return;
    await storage.delete(found, UNCONFIRMED);
  }
}
