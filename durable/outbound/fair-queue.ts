interface Line<Item> {
  readonly group: string;
  readonly items: Item[];
}

/**
 * A queue in which groups take turns: the first item of each group, then the second of each, and so on. A flood from one
 * client delays only that client.
 */
export class FairQueue<Item> {
  /** Groups in the order of their next turn; none is empty. */
  readonly #lines: Line<Item>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** All that wait, in no order. */
  *[Symbol.iterator](): Iterator<Item> {
    for (const { items } of this.#lines) yield* items;
  }

  add(group: string, item: Item): void {
    this.#size += 1;
    const line = this.#lines.find((known) => known.group === group);
    if (line === undefined) this.#lines.push({ group, items: [item] });
    else line.items.push(item);
  }

  /** Takes the next item that may go, one per group in turn; undefined if none may. */
  take(mayGo: (item: Item) => boolean): Item | undefined {
    for (const [place, line] of this.#lines.entries()) {
      const index = line.items.findIndex(mayGo);
      if (index < 0) continue;
      const [item] = line.items.splice(index, 1);
      this.#size -= 1;
      this.#lines.splice(place, 1);
      if (line.items.length > 0) this.#lines.push(line);
      return item;
    }
    return undefined;
  }

  remove(item: Item): void {
    for (const [place, { items }] of this.#lines.entries()) {
      const index = items.indexOf(item);
      if (index < 0) continue;
      items.splice(index, 1);
      this.#size -= 1;
      if (items.length === 0) this.#lines.splice(place, 1);
      return;
    }
  }
}
