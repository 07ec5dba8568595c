import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { readSnapshot, writeSnapshot } from "./shared-data-snapshot.ts";

interface SharedValue {
  readonly bytes: Uint8Array;
  /** Compare-and-swap number of this value; never 0. */
  readonly cas: number;
}

/**
 * The key-value store that the filters of one VM id share, across instances and restarts. The ABI has no way to delete
 * entries, so a full store drops the entry with the oldest write. (Refusing is no option: Rust's SDK panics at an error.)
 */
export class SharedData {
  readonly #values = new Map<string, SharedValue>();
  #bytes = 0;
  #lastCas = 0;

  /** Changes with every write; 0 before the first. */
  get version(): number {
    return this.#lastCas;
  }

  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /**
   * Stores `bytes` and takes ownership of them.
   * @param cas 0: unconditionally; else only if the stored value has this number, or (as in Envoy) is missing
   * @returns OK, CAS_MISMATCH, or INTERNAL_FAILURE if the value alone exceeds the limit
   */
  set(key: string, bytes: Uint8Array, cas: number): Status {
    const old = this.#values.get(key);
    if (cas !== 0 && old !== undefined && old.cas !== cas) return Status.CAS_MISMATCH;
    if (key.length + bytes.length > HOST_LIMITS.sharedDataBytes) return Status.INTERNAL_FAILURE;
    this.#remove(key);
    this.#values.set(key, { bytes, cas: this.#nextCas() });
    this.#bytes += key.length + bytes.length;
    while (this.#bytes > HOST_LIMITS.sharedDataBytes || this.#values.size > HOST_LIMITS.sharedDataEntries) {
      // A Map keeps insertion order, and every write inserts again.
      const [oldest] = this.#values.keys();
      if (oldest === undefined) break;
      this.#remove(oldest);
    }
    return Status.OK;
  }

  /** The newest entries that fit into `maxBytes`, for `restore`. */
  snapshot(maxBytes: number): Uint8Array<ArrayBuffer> {
    return writeSnapshot(
      Array.from(this.#values, ([key, { bytes }]) => [key, bytes] as const),
      maxBytes,
    );
  }

  /**
   * Writes the entries of a `snapshot`, in its order and with new compare-and-swap numbers.
   * @returns false if the snapshot cannot be read; then nothing is written
   */
  restore(snapshot: Uint8Array): boolean {
    const entries = readSnapshot(snapshot);
    for (const [key, bytes] of entries ?? []) this.set(key, bytes, 0);
    return entries !== undefined;
  }

  #remove(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= key.length + value.bytes.length;
  }

  /** 32 bits; never 0, which means "no condition". */
  #nextCas(): number {
    this.#lastCas = (this.#lastCas + 1) >>> 0 || 1;
    return this.#lastCas;
  }
}
