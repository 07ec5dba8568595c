/** The requests of an evaluation run in order of time, stored as columns because a day has hundreds of thousands. */
export interface Workload {
  readonly name: string;
  /** Milliseconds from the start; never decreases. */
  readonly timesMs: Float64Array;
  /** Decision key of each request (a client, or a client and a resource) as a number from 0 to keyCount - 1. */
  readonly keys: Int32Array;
  readonly keyCount: number;
  /** Keys from this one on are strangers, whose requests the authorization server denies; undefined: none. */
  readonly deniedFrom?: number | undefined;
}

/** Collects requests into columns. Numbers identities from 0 in order of appearance, and strangers after all others. */
export class WorkloadBuilder {
  readonly #times: number[] = [];
  /** A stranger is a negative number until all others are known. */
  readonly #keys: number[] = [];
  readonly #numbers = new Map<string | number, number>();
  #strangers = 0;

  add(timeMs: number, identity: string | number): void {
    let key = this.#numbers.get(identity);
    if (key === undefined) {
      key = this.#numbers.size;
      this.#numbers.set(identity, key);
    }
    this.#times.push(timeMs);
    this.#keys.push(key);
  }

  /** A client that comes once, and is denied. */
  addStranger(timeMs: number): void {
    this.#strangers += 1;
    this.#times.push(timeMs);
    this.#keys.push(-this.#strangers);
  }

  build(name: string): Workload {
    const known = this.#numbers.size;
    return {
      name,
      timesMs: Float64Array.from(this.#times),
      keys: Int32Array.from(this.#keys, (key) => (key < 0 ? known - key - 1 : key)),
      keyCount: known + this.#strangers,
      deniedFrom: this.#strangers > 0 ? known : undefined,
    };
  }
}

export function durationMs({ timesMs }: Workload): number {
  return timesMs.at(-1) ?? 0;
}
