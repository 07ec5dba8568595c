import { hasElapsed } from "../runtime/elapsed.ts";

/** Limits lines that clients may cause: logs are billed by the line. */
export class LineLimit {
  readonly #max: { readonly lines: number; readonly intervalMs: number };
  #startMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(max: { readonly lines: number; readonly intervalMs: number }) {
    this.#max = max;
  }

  /** @returns how many lines were left out since the last one; undefined if this one is left out too */
  take(nowMs: number): number | undefined {
    if (hasElapsed(this.#startMs, this.#max.intervalMs, nowMs)) {
      this.#startMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= this.#max.lines) {
      this.#leftOut += 1;
      return undefined;
    }
    this.#lines += 1;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
