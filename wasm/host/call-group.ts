/** Counts the unanswered calls of one kind, and tells when none is left. */
export class CallGroup {
  #unanswered = 0;
  #noneLeft: PromiseWithResolvers<void> | undefined;

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Resolves when no call is unanswered; undefined if none is now. Never rejects. */
  get answers(): Promise<void> | undefined {
    return this.#noneLeft?.promise;
  }

  add(): void {
    this.#unanswered += 1;
    this.#noneLeft ??= Promise.withResolvers();
  }

  /** Does nothing if the group was cleared meanwhile. */
  answered(): void {
    if (this.#unanswered === 0) return;
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.clear();
  }

  /** No answer will come any more. */
  clear(): void {
    this.#unanswered = 0;
    this.#noneLeft?.resolve();
    this.#noneLeft = undefined;
  }
}
