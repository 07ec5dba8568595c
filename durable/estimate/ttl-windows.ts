import type { OutboundCurve } from "./outbound-curve.ts";
import { CANDIDATES } from "./ttl-grid.ts";

/**
 * For every candidate T: N_T, the outbound calls in the last T, and M_T, its maximum in this generation. A sample costs
 * about one cursor step for each candidate.
 */
export class TtlWindows {
  readonly #grid: Float64Array;
  readonly #cursors = new Int32Array(CANDIDATES);
  /** N_T. */
  readonly now = new Float64Array(CANDIDATES);
  /** M_T. */
  readonly max = new Float64Array(CANDIDATES);
  /** M_T at the sample before the last. */
  readonly maxBefore = new Float64Array(CANDIDATES);

  constructor(grid: Float64Array) {
    this.#grid = grid;
  }

  /** A fresh instance took over the live entries, so its maximum starts at their number. */
  restart(): void {
    this.max.set(this.now);
    this.maxBefore.set(this.now);
  }

  /** Call after each sample was added to the curve. */
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
