import { removeJournal } from "./journal-places.ts";

/**
 * A journal that must not be read again: it missed purges, or cannot be read. It is removed before a purge is confirmed, and
 * tried again with every write while the storage refuses.
 */
export class StaleJournal {
  readonly #storage: DurableObjectStorage;
  #isRemoved = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** @throws what the storage refuses with */
  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    await removeJournal(this.#storage);
    this.#isRemoved = true;
  }
}
