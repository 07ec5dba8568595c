/**
 * The places of concurrent calls. One group of clients never holds all of them: calls that hang often come from one client, and
 * others need a place until those time out.
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
    if (this.#taken >= this.#limit) return false;
    return group === undefined || this.#limit === 1 || (this.#byGroup.get(group) ?? 0) < this.#limit - 1;
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
