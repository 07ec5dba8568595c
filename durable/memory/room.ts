import type { IsolateBudget } from "./isolate-budget.ts";

/** How long a request waits for room at most, and between two looks whether there is some. */
const MAX_WAIT_MS = 500;
const STEP_MS = 20;

/**
 * Where requests of one object wait while the isolate is full. The host cannot stop a memory that grows within a call, so no
 * call begins while there is no room and some is about to come.
 */
export class Room {
  readonly #budget: IsolateBudget;
  readonly #relieve: () => Promise<void>;
  /** Of this object alone: a promise of another one must not be awaited. */
  #waiting: Promise<void> | undefined;
  #relieving = false;

  /** @param relieve has memory given back; it may take long, since other objects are asked */
  constructor(budget: IsolateBudget, relieve: () => Promise<void>) {
    this.#budget = budget;
    this.#relieve = relieve;
  }

  /** To be waited for before a request is decided; undefined unless the isolate is full. Half a second at most. */
  wait(): Promise<void> | undefined {
    if (!this.#budget.isFull) return undefined;
    this.#waiting ??= this.#wait().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  async #wait(): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS && this.#budget.isFull; waitedMs += 2 * STEP_MS) {
      await Promise.race([this.#relieveOnce(), step()]);
      if (!this.#relieving && !this.#budget.isComingBack) return;
      await step();
    }
  }

  /** One at a time. Never rejects. */
  async #relieveOnce(): Promise<void> {
    if (this.#relieving) return step();
    this.#relieving = true;
    try {
      await this.#relieve();
    } catch (error) {
      console.error(`memory could not be asked back: ${String(error)}`);
    } finally {
      this.#relieving = false;
    }
  }
}

function step(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, STEP_MS));
}
