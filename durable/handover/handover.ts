import type { FilterHandover } from "../../wasm/host/index.ts";

/** Chunks moved before others get their turn: each is far below the 5 ms that a step may hold the object. */
const CHUNKS_PER_STEP = 1;

/**
 * One handing over of live entries, from its first chunk until the instance they come from is gone. Three parts: `move` in
 * many small steps, while the old instance serves; `catchUp` and the switch in one; from then on whatever replies still reach
 * the old instance is passed on at once.
 */
export class Handover {
  readonly #from: FilterHandover;
  readonly #to: FilterHandover;
  #chunks = 0;
  #broken = false;

  constructor(from: FilterHandover, to: FilterHandover) {
    this.#from = from;
    this.#to = to;
  }

  /** Chunks moved so far. */
  get chunks(): number {
    return this.#chunks;
  }

  /** The new instance may have missed something: it must not serve with what it has. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Moves entries until the new instance knows nearly all.
   * @param budgetBytes linear memory the new instance may come to
   * @param pause lets others have their turn
   * @param goesOn asked after each pause; the instances may have ended meanwhile
   * @returns false where it was given up
   */
  async move(budgetBytes: number, pause: () => Promise<void>, goesOn: () => boolean): Promise<boolean> {
    this.#from.begin(budgetBytes);
    while (!this.#step(CHUNKS_PER_STEP)) {
      await pause();
      if (this.#broken || !goesOn()) return false;
    }
    return !this.#broken;
  }

  /** Everything that has changed since; synchronous, for the moment of the switch. */
  catchUp(): boolean {
    while (!this.#step(Number.POSITIVE_INFINITY));
    return !this.#broken;
  }

  /** After the switch. @param onBroken the new instance has to be replaced */
  passOnReplies(onBroken: () => void): void {
    this.#from.onReply = () => {
      if (!this.catchUp()) onBroken();
    };
  }

  /** The old instance is about to go: what is still open there is never answered. */
  end(): void {
    this.#from.onReply = undefined;
    if (!this.#broken) this.catchUp();
    this.#from.end();
    this.#to.abandon();
  }

  /** @returns true once there is nothing more at present, or nothing can be moved any more */
  #step(chunks: number): boolean {
    for (let chunk = 0; chunk < chunks && !this.#broken; chunk += 1) {
      const step = this.#from.moveTo(this.#to);
      if (step.kind === "up-to-date") return true;
      if (step.kind === "failed") this.#broken = true;
      else this.#chunks += 1;
    }
    return this.#broken;
  }
}
