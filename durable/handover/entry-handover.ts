import type { FilterHandover } from "../../wasm/host/index.ts";

/** A chunk takes well below a millisecond, so a step stays below the 5 ms for which it may block the object. */
const MAX_CHUNKS_PER_STEP = 8;
/** Gives up after this many passes over all entries. Used entries are exported again, but not faster than this. */
const MAX_PASSES = 16;
const CHUNK_BYTES = 65_536;

/**
 * One handover of live entries, from its first chunk until the old instance is gone. Three parts: `move` in many small steps
 * while the old instance serves; `catchUp` and the switch in one step; then `passOn` after each reply that still reaches the old
 * instance.
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

  /** The new instance may have missed an entry or a removal, so it must not serve with its entries. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Moves entries until the new instance knows nearly all. The steps grow with each pass: entries used meanwhile are exported
   * again, so under load one chunk at a time might never finish.
   * @param sizes linear memory of the old instance, and the limit for the new one
   * @param pause lets other tasks run
   * @param goesOn checked after each pause; the instances may have ended meanwhile
   * @returns false if it was given up
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

  /** Moves everything that has changed since; synchronous, for the switch. */
  catchUp(): boolean {
    while (!this.#step(Number.POSITIVE_INFINITY));
    return !this.#broken;
  }

  /** Call after the switch; enables `passOn`. @param onBroken called if the new instance must be replaced */
  switched(onBroken: () => void): void {
    this.#onBroken = onBroken;
  }

  /** Passes on changes in the old instance. Call after each reply to it and after a purge. */
  passOn(): void {
    if (this.#onBroken === undefined || this.catchUp()) return;
    const onBroken = this.#onBroken;
    this.#stop();
    onBroken();
  }

  /** The old instance is about to be released: its open calls will never be answered. */
  end(): void {
    this.#stop();
    if (!this.#broken) this.catchUp();
    this.#from.end();
    this.#to.abandon();
  }

  #stop(): void {
    this.#onBroken = undefined;
  }

  /** @returns true if there is nothing more at present, or nothing can be moved any more */
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
