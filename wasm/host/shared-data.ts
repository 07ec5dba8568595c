import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./limits.ts";

interface SharedValue {
  readonly bytes: Uint8Array;
  /** Compare-and-swap number of this value; never 0. */
  readonly cas: number;
}

/** The key-value store that the filters of one VM id share, across instances and restarts. */
export class SharedData {
  readonly #values = new Map<string, SharedValue>();
  #bytes = 0;
  #lastCas = 0;

  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /**
   * Stores `bytes`, which then belong to the store.
   * @param cas 0: unconditionally; else only if the stored value has this number, or (as in Envoy) is missing
   * @returns OK, CAS_MISMATCH, or INTERNAL_FAILURE where a limit would be passed
   */
  set(key: string, bytes: Uint8Array, cas: number): Status {
    const old = this.#values.get(key);
    if (cas !== 0 && old !== undefined && old.cas !== cas) return Status.CAS_MISMATCH;
    const total = this.#bytes + key.length + bytes.length - (old === undefined ? 0 : key.length + old.bytes.length);
    if (total > HOST_LIMITS.sharedDataBytes) return Status.INTERNAL_FAILURE;
    if (old === undefined && this.#values.size >= HOST_LIMITS.sharedDataEntries) return Status.INTERNAL_FAILURE;
    this.#bytes = total;
    this.#values.set(key, { bytes, cas: this.#nextCas() });
    return Status.OK;
  }

  /** 32 bits, never 0: that means "no condition". */
  #nextCas(): number {
    this.#lastCas = (this.#lastCas + 1) >>> 0 || 1;
    return this.#lastCas;
  }
}
