import { sleep } from "../runtime/async.ts";
import type { IsolateBudget } from "./isolate-budget.ts";

/** A request waits for memory at most so long. */
const MAX_WAIT_MS = 500;
/** One round of waiting takes one or two steps, and counts as two. */
const STEP_MS = 20;

/**
 * Holds back the requests of one object while the isolate is full. The host cannot stop a memory from growing during a call,
 * so no request enters the filter while memory is short and some is about to be freed.
 */
export class MemoryBackpressure {
  readonly #budget: IsolateBudget;
  readonly #reclaim: () => Promise<void>;
  /** The wait that all requests of this object share. Objects share none: one must not await a promise of another. */
  #waiting: Promise<void> | undefined;
  #reclaiming = false;

  /** @param reclaim frees memory; may take long, because it asks other objects */
  constructor(budget: IsolateBudget, reclaim: () => Promise<void>) {
    this.#budget = budget;
    this.#reclaim = reclaim;
  }

  /** Await this before deciding a request; undefined unless the isolate is full. Takes half a second at most. */
  wait(): Promise<void> | undefined {
    if (!this.#budget.isFull) return undefined;
    this.#waiting ??= this.#wait().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  async #wait(): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS && this.#budget.isFull; waitedMs += 2 * STEP_MS) {
      await Promise.race([this.#reclaimOnce(), sleep(STEP_MS)]);
      if (!this.#reclaiming && !this.#budget.isComingBack) return;
      await sleep(STEP_MS);
    }
  }

  /** One at a time. Never rejects. */
  async #reclaimOnce(): Promise<void> {
    if (this.#reclaiming) return sleep(STEP_MS);
    this.#reclaiming = true;
    try {
      await this.#reclaim();
    } catch (error) {
      console.error(`memory could not be reclaimed: ${String(error)}`);
    } finally {
      this.#reclaiming = false;
    }
  }
}
