import type { Decision, FilterInstance, StreamRequest } from "../wasm/host/index.ts";

/** Why a generation began. */
export type StartReason = "first_request" | "eviction" | "restart" | "trap";

/**
 * One life of the Wasm instance. It serves until it is retired; then it finishes the requests that wait on an outbound
 * call, and with the last of them every reference to the instance and its memory is dropped.
 */
export class Generation {
  readonly number: number;
  readonly startedAtMs: number;
  readonly startReason: StartReason;
  readonly startBytes: number;
  #instance: FilterInstance | undefined;
  #retired = false;
  #tickedAtMs: number;

  constructor(number: number, instance: FilterInstance, startedAtMs: number, startReason: StartReason) {
    this.number = number;
    this.#instance = instance;
    this.startedAtMs = startedAtMs;
    this.#tickedAtMs = startedAtMs;
    this.startReason = startReason;
    this.startBytes = instance.allocatedBytes;
  }

  /** Zero once the memory was let go. */
  get allocatedBytes(): number {
    return this.#instance?.allocatedBytes ?? 0;
  }

  /** True while requests wait in this generation. */
  get busy(): boolean {
    return this.#instance !== undefined && this.#instance.openStreams > 0;
  }

  /** True once the guest trapped: it must be replaced before the next request. */
  get failed(): boolean {
    return this.#instance?.failure !== undefined;
  }

  decide(request: StreamRequest): Decision | Promise<Decision> {
    if (this.#instance === undefined) throw new Error(`generation ${this.number} has ended`);
    const decision = this.#instance.decide(request);
    return decision instanceof Promise ? this.#untilDecided(decision) : decision;
  }

  /** True if the filter asked for ticks and its period is over; also if the clock was set back. */
  isTickDue(nowMs: number): boolean {
    const periodMs = this.#instance?.tickPeriodMs ?? 0;
    return periodMs > 0 && (nowMs - this.#tickedAtMs >= periodMs || nowMs < this.#tickedAtMs);
  }

  /** Lets the filter do its periodic work, such as freeing what has expired and reporting its metrics. */
  tick(nowMs: number): void {
    this.#tickedAtMs = nowMs;
    this.#instance?.tick();
  }

  /** Takes no new requests from now on. */
  retire(): void {
    this.#retired = true;
    this.#releaseIfDrained();
  }

  async #untilDecided(decision: Promise<Decision>): Promise<Decision> {
    try {
      return await decision;
    } finally {
      this.#releaseIfDrained();
    }
  }

  #releaseIfDrained(): void {
    if (!this.#retired || this.busy) return;
    this.#instance?.close();
    this.#instance = undefined;
  }
}
