import type { FilterHandover } from "../../wasm/host/index.ts";

/** A chunk takes well below a millisecond; so many are below the 5 ms that a step may hold the object. */
const MAX_CHUNKS_PER_STEP = 8;
/** Passes over all entries after which it is given up: what is used is told again, and cannot be used faster than that. */
const MAX_PASSES = 16;
const CHUNK_BYTES = 65_536;

/**
 * One handing over of live entries, from its first chunk until the instance they come from is gone. Three parts: `move` in
 * many small steps, while the old instance serves; `catchUp` and the switch in one; from then on whatever replies still reach
 * the old instance is passed on at once.
 */
export class EntryHandover {
  readonly #from: FilterHandover;
  readonly #to: FilterHandover;
  #chunks = 0;
  #broken = false;
  #onBroken: (() => void) | undefined;

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
   * Moves entries until the new instance knows nearly all. With each pass the steps become larger: what is used meanwhile is
   * told again, and under load one chunk at a time might never come to an end.
   * @param sizes linear memory of the old instance, and what the new one may come to
   * @param pause lets others have their turn
   * @param goesOn asked after each pause; the instances may have ended meanwhile
   * @returns false where it was given up
   */
  async move(
    { fromBytes, budgetBytes }: { readonly fromBytes: number; readonly budgetBytes: number },
    pause: () => Promise<void>,
    goesOn: () => boolean,
  ): Promise<boolean> {
    const chunksInAll = Math.ceil(fromBytes / CHUNK_BYTES);
    this.#from.begin(budgetBytes);
    for (;;) {
      const passes = Math.floor(this.#chunks / chunksInAll);
      if (this.#step(Math.min(1 + passes, MAX_CHUNKS_PER_STEP))) return !this.#broken;
      await pause();
      if (this.#broken || passes >= MAX_PASSES || !goesOn()) return false;
    }
  }

  /** Everything that has changed since; synchronous, for the moment of the switch. */
  catchUp(): boolean {
    while (!this.#step(Number.POSITIVE_INFINITY));
    return !this.#broken;
  }

  /** After the switch: from now on `passOn` works. @param onBroken the new instance has to be replaced */
  switched(onBroken: () => void): void {
    this.#onBroken = onBroken;
  }

  /** Passes on what changed in the old instance: after each reply to it, and after a purge. */
  passOn(): void {
    if (this.#onBroken === undefined || this.catchUp()) return;
    const onBroken = this.#onBroken;
    this.#stop();
    onBroken();
  }

  /** The old instance is about to go: what is still open there is never answered. */
  end(): void {
    this.#stop();
    if (!this.#broken) this.catchUp();
    this.#from.end();
    this.#to.abandon();
  }

  #stop(): void {
    this.#onBroken = undefined;
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
