interface Line<Item> {
  readonly group: string;
  readonly items: Item[];
}

/**
 * A queue in which every group has its turn: the first of each group, then the second of each, and so on. A flood of one client waits
 * for itself and not in front of all others.
 */
export class FairQueue<Item> {
  /** Groups in the order of their next turn; none is empty. */
  readonly #lines: Line<Item>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(group: string, item: Item): void {
    this.#size += 1;
    const line = this.#lines.find((known) => known.group === group);
    if (line === undefined) this.#lines.push({ group, items: [item] });
    else line.items.push(item);
  }

  /** Takes the next item that may go, at most one of each group before any has another turn; undefined where none may. */
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
