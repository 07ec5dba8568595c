import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { CANDIDATES } from "./ttl-grid.ts";
import type { TtlWindows } from "./ttl-windows.ts";

/** The fit for one candidate: required bytes = fixedBytes + bytesPerEntry x outbound calls in one TTL. */
export interface Line {
  readonly fixedBytes: number;
  readonly bytesPerEntry: number;
}

/** The running instance. */
export interface Present {
  readonly windows: TtlWindows;
  readonly startBytes: number;
  readonly allocatedBytes: number;
}

export interface FitVerdict {
  /** One for each candidate; they add up to 1. */
  readonly weights: Float64Array;
  /** Root mean square error of the best candidate. */
  readonly errorBytes: number;
}

/** A fresh instance already has the fixed part, except tables that it allocates with the first entry. */
const START_SLACK_BYTES = 3 * PAGE_BYTES;
/** Minimum error of a growth event, however exact the fit seems: memory grows in whole pages. */
const MIN_ERROR_BYTES = 0.4 * PAGE_BYTES;
/** Roughly the number of growth events that count. Older ones fade, since the size of entries may change. */
const REMEMBERED_EVENTS = 300;
/** Number of past generations whose end serves as a bound. */
const REMEMBERED_ENDS = 8;

/**
 * The joint fit of TTL, bytes per entry and fixed bytes (docs/model.md, identities 2 and 3), for all candidates at once.
 *
 * - At a growth event, required equals the allocation before it: one equality, `old allocation = b0 + k x M_T`.
 * - b0 is at least zero, and hardly more than the size of a fresh instance.
 * - While memory does not grow, `b0 + k x M_T <= allocated`. M_T only rises, so the end of such a period gives the tightest
 *   bound. Most periods end with a growth event; the last one of a generation needs this bound.
 *
 * With the right T, the equalities lie on one line and the bounds hold. Too long a T predicts growth that did not come;
 * with too short a T, memory grows while M_T stays flat. Events of all generations count together.
 */
export class GrowthFit {
  #weight = 0;
  #sumY = 0;
  #sumYY = 0;
  readonly #sumX = new Float64Array(CANDIDATES);
  readonly #sumXX = new Float64Array(CANDIDATES);
  readonly #sumXY = new Float64Array(CANDIDATES);
  /** M_T and allocation at the ends of the last generations. Row `#ends % REMEMBERED_ENDS` is overwritten next. */
  readonly #endMax: Float64Array[] = [];
  readonly #endBytes: number[] = [];
  #ends = 0;

  /** Number of growth events, faded ones in part. */
  get events(): number {
    return this.#weight;
  }

  /**
   * Adds a growth event.
   * @param fromBytes the allocation before it
   * @param steps number of steps of the growth rule in the sample; the more there were, the earlier came the first
   */
  grew(windows: TtlWindows, fromBytes: number, steps: number): void {
    const fade = 1 - 1 / REMEMBERED_EVENTS;
    this.#weight = this.#weight * fade + 1;
    this.#sumY = this.#sumY * fade + fromBytes;
    this.#sumYY = this.#sumYY * fade + fromBytes * fromBytes;
    for (let c = 0; c < CANDIDATES; c += 1) {
      const before = windows.maxBefore[c]!;
      const x = before + (windows.max[c]! - before) / (steps + 1);
      this.#sumX[c] = this.#sumX[c]! * fade + x;
      this.#sumXX[c] = this.#sumXX[c]! * fade + x * x;
      this.#sumXY[c] = this.#sumXY[c]! * fade + x * fromBytes;
    }
  }

  /** An instance ended: its final size stays as a bound. */
  ended(windows: TtlWindows, allocatedBytes: number): void {
    const row = this.#ends % REMEMBERED_ENDS;
    this.#endMax[row] = Float64Array.from(windows.max);
    this.#endBytes[row] = allocatedBytes;
    this.#ends += 1;
  }

  /** The line for one candidate; undefined if its events give no rising line. */
  line(c: number): Line | undefined {
    const n = this.#weight;
    if (n < 2) return undefined;
    const spread = this.#sumXX[c]! - (this.#sumX[c]! * this.#sumX[c]!) / n;
    if (!(spread > 1e-9 * this.#sumXX[c]!)) return undefined;
    const bytesPerEntry = (this.#sumXY[c]! - (this.#sumX[c]! * this.#sumY) / n) / spread;
    if (!(bytesPerEntry > 0)) return undefined;
    return { bytesPerEntry, fixedBytes: (this.#sumY - bytesPerEntry * this.#sumX[c]!) / n };
  }

  /**
   * How well each candidate explains the samples; undefined if no candidate has a line.
   * @param present the running instance, whose current size is a bound too
   */
  verdict(present: Present): FitVerdict | undefined {
    const n = this.#weight;
    if (n < 2) return undefined;
    const errors = new Float64Array(CANDIDATES).fill(Number.POSITIVE_INFINITY);
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < CANDIDATES; c += 1) {
      const line = this.line(c);
      if (line === undefined) continue;
      const error = this.#residual(c, line) + this.#broken(c, line, present);
      errors[c] = error;
      if (error < least) least = error;
    }
    if (least === Number.POSITIVE_INFINITY) return undefined;
    const variance = Math.max(MIN_ERROR_BYTES ** 2, least / Math.max(1, n - 2));
    let total = 0;
    for (let c = 0; c < CANDIDATES; c += 1) {
      errors[c] = Math.exp(-(errors[c]! - least) / (2 * variance));
      total += errors[c]!;
    }
    for (let c = 0; c < CANDIDATES; c += 1) errors[c] = errors[c]! / total;
    return { weights: errors, errorBytes: Math.sqrt(least / Math.max(1, n - 2)) };
  }

  /** Sum of squared errors of the equalities, in bytes squared. */
  #residual(c: number, { fixedBytes, bytesPerEntry }: Line): number {
    const n = this.#weight;
    const sum =
      this.#sumYY -
      2 * (fixedBytes * this.#sumY + bytesPerEntry * this.#sumXY[c]!) +
      n * fixedBytes * fixedBytes +
      2 * fixedBytes * bytesPerEntry * this.#sumX[c]! +
      bytesPerEntry * bytesPerEntry * this.#sumXX[c]!;
    return Math.max(0, sum);
  }

  /** Sum of squared violations of the bounds, in bytes squared. */
  #broken(c: number, { fixedBytes, bytesPerEntry }: Line, present: Present): number {
    const silence = Math.max(0, fixedBytes + bytesPerEntry * present.windows.max[c]! - present.allocatedBytes);
    const negative = Math.max(0, -fixedBytes);
    const beyondStart = Math.max(0, fixedBytes - present.startBytes - START_SLACK_BYTES);
    let sum = silence * silence + negative * negative + beyondStart * beyondStart;
    for (let row = 0; row < this.#endBytes.length; row += 1) {
      const past = Math.max(0, fixedBytes + bytesPerEntry * this.#endMax[row]![c]! - this.#endBytes[row]!);
      sum += past * past;
    }
    return sum;
  }
}
