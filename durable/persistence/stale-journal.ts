import { removeJournal } from "./journal-places.ts";

/**
 * A journal that must not be read again: it missed purges, or cannot be read. It is removed before a purge is confirmed; while
 * the storage fails, every write tries again.
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

  /** @throws the error of the storage */
  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    await removeJournal(this.#storage);
    this.#isRemoved = true;
  }
}
