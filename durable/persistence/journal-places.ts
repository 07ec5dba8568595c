import { type JournalHead, otherSlot, SLOTS, type Slot } from "./journal-head.ts";
import { HEAD_KEY, rowKey } from "./journal-keys.ts";

/** Decisions do not wait for the disk. */
export const UNCONFIRMED: DurableObjectPutOptions = { allowUnconfirmed: true };

/** Removes the journal of a service that no longer has one or cannot read it. */
export async function removeJournal(storage: DurableObjectStorage): Promise<void> {
  removeHead(storage);
  await removeAllRows(storage);
}

/** Without a head, no row is valid. */
export function removeHead(storage: DurableObjectStorage): void {
  if (storage.kv.get(HEAD_KEY) !== undefined) storage.kv.delete(HEAD_KEY);
}

export async function removeAllRows(storage: DurableObjectStorage): Promise<void> {
  for (const slot of SLOTS) await removeSlot(storage, slot, 0);
}

/** After a new base: removes the other slot, and rows that an interrupted write left behind in this one. */
export async function removeRowsBeside(storage: DurableObjectStorage, { slot, rows }: JournalHead): Promise<void> {
  await removeSlot(storage, slot, rows);
  await removeSlot(storage, otherSlot(slot), 0);
}

async function removeSlot(storage: DurableObjectStorage, slot: Slot, from: number): Promise<void> {
  const prefix = `${HEAD_KEY}/${slot}/`;
  const start = rowKey({ slot, rows: from });
  for (;;) {
    // `list` reads the values too, so only a few at a time.
    const found = [...storage.kv.list({ prefix, start, limit: 16 })].map(([key]) => key);
    if (found.length === 0) return;
    await storage.delete(found, UNCONFIRMED);
  }
}
