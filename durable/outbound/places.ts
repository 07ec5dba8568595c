/** A group may take a place while it holds fewer than so many times the free ones. */
const SHARE = 4;

/**
 * The places of concurrent calls. One group of clients never holds all of them: calls that hang often come from one client, and
 * others need a place until those time out. The fewer places are free, the fewer a group may hold, so several such groups leave
 * some too: of 64, the first can take 52, and the second 10 of the rest.
 */
export class Places {
  readonly #limit: number;
  readonly #byGroup = new Map<string, number>();
  #taken = 0;

  /** @param limit concurrent calls; a single place cannot be shared */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param group undefined for calls that no client causes: they may take any place */
  hasPlaceFor(group: string | undefined): boolean {
    const free = this.#limit - this.#taken;
    if (free <= 0) return false;
    if (group === undefined || this.#limit === 1) return true;
    const held = this.#byGroup.get(group) ?? 0;
    return held < Math.min(SHARE * free, this.#limit - 1);
  }

  take(group: string | undefined): void {
    this.#taken += 1;
    if (group !== undefined) this.#byGroup.set(group, (this.#byGroup.get(group) ?? 0) + 1);
  }

  release(group: string | undefined): void {
    this.#taken -= 1;
    if (group === undefined) return;
    const left = (this.#byGroup.get(group) ?? 0) - 1;
    if (left > 0) this.#byGroup.set(group, left);
    else this.#byGroup.delete(group);
  }
}
