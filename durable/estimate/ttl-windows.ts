import type { OutboundCurve } from "./outbound-curve.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/**
 * For every candidate T at once: N_T, the outbound calls of the last T, and M_T, their running maximum, within one
 * generation. One step of a cursor for each candidate and sample.
 */
export class TtlWindows {
  readonly #grid: Float64Array;
  readonly #cursors = new Int32Array(CANDIDATES);
  readonly now = new Float64Array(CANDIDATES);
  readonly max = new Float64Array(CANDIDATES);
  /** M_T at the sample before the last. */
  readonly maxBefore = new Float64Array(CANDIDATES);

  constructor(grid: Float64Array) {
    this.#grid = grid;
  }

  /** An instance took over that holds what lives now, and never held more. */
  restart(): void {
    this.max.set(this.now);
    this.maxBefore.set(this.now);
  }

  /** After a sample was added to the curve. */
  update(curve: OutboundCurve): void {
    const { endMs, outbound } = curve;
    this.maxBefore.set(this.max);
    for (let c = 0; c < CANDIDATES; c += 1) {
      const cutMs = endMs - this.#grid[c]!;
      const cursor = curve.advance(this.#cursors[c]!, cutMs);
      this.#cursors[c] = cursor;
      const calls = Math.max(0, outbound - curve.callsBefore(cutMs, cursor));
      this.now[c] = calls;
      if (calls > this.max[c]!) this.max[c] = calls;
    }
  }
}
