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

/** Collects requests into columns. Numbers identities from 0 in order of appearance. */
export class WorkloadBuilder {
  readonly #times: number[] = [];
  readonly #keys: number[] = [];
  readonly #numbers = new Map<string | number, number>();

  add(timeMs: number, identity: string | number): void {
    let key = this.#numbers.get(identity);
    if (key === undefined) {
      key = this.#numbers.size;
      this.#numbers.set(identity, key);
    }
    this.#times.push(timeMs);
    this.#keys.push(key);
  }

  build(name: string): Workload {
    return {
      name,
      timesMs: Float64Array.from(this.#times),
      keys: Int32Array.from(this.#keys),
      keyCount: this.#numbers.size,
    };
  }
}

export function durationMs({ timesMs }: Workload): number {
  return timesMs.at(-1) ?? 0;
}
