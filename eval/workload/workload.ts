/**
 * What a run of the evaluation is fed with: requests in order of time. Columns, since a day has hundreds of thousands.
 */
export interface Workload {
  readonly name: string;
  /** Milliseconds from the start, never falling. */
  readonly timesMs: Float64Array;
  /** What a decision is kept by: a client's subject and the resource it asks for, as a number from 0 to keyCount - 1. */
  readonly keys: Int32Array;
  readonly keyCount: number;
}

/** Gathers requests into columns; identities of any kind become small numbers in the order of their appearance. */
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
