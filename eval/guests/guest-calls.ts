/** What a call into a guest does. */
export type GuestCallKind = "start" | "request" | "tick" | "restart";

const KINDS: readonly (GuestCallKind | undefined)[] = [undefined, "start", "request", "tick", "restart"];
/** The kind of the running call as an index of `KINDS`, and the number of calls so far. */
const KIND = 0;
const COUNT = 1;

/**
 * Records the calls into a guest in shared memory. A guest that never returns blocks its thread, but another thread can still
 * read here that a call runs.
 */
export class GuestCalls {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** @param memory that of a GuestCalls in another thread */
  constructor(memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  begin(kind: GuestCallKind): void {
    Atomics.add(this.#cells, COUNT, 1);
    Atomics.store(this.#cells, KIND, KINDS.indexOf(kind));
  }

  end(): void {
    Atomics.store(this.#cells, KIND, 0);
  }

  /** Kind and number of the running call; undefined outside of calls. */
  get running(): { readonly kind: GuestCallKind; readonly count: number } | undefined {
    const kind = KINDS[Atomics.load(this.#cells, KIND)];
    return kind && { kind, count: Atomics.load(this.#cells, COUNT) };
  }
}
