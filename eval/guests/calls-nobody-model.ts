import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { GuestModel } from "./guest-model.ts";

/** Size of a fresh instance: 1.1 MiB, as of a small filter written in Rust. */
const START_BYTES = 18 * PAGE_BYTES;
const LEAKED_BYTES = 2_450;

/** A filter without a cache that never makes an outbound call, such as one that checks a signature, and leaks at every request. */
export class CallsNobodyModel implements GuestModel {
  readonly liveBytes = START_BYTES;
  #leakedBytes = 0;

  get allocatedBytes(): number {
    return START_BYTES + Math.ceil(this.#leakedBytes / PAGE_BYTES) * PAGE_BYTES;
  }

  restart(): number {
    this.#leakedBytes = 0;
    return START_BYTES;
  }

  request(): boolean {
    this.#leakedBytes += LEAKED_BYTES;
    return true;
  }

  tick(): void {
    // It has no periodic work.
  }
}
