import type { OutboundCurve } from "./outbound-curve.ts";

/** The shape is known at this many ages of equal distance, the last one TTL. */
export const FILL_STEPS = 16;
/** Weight of the newest observation. */
const NEWEST = 0.3;

/**
 * How an empty cache fills: entries at the ages T/16, 2T/16, … T, as shares of the outbound calls that a full cache makes in
 * one TTL. Rises faster than in proportion, since an empty cache misses what a full one answers.
 */
export type FillShape = Float64Array;

/**
 * The shape if all keys were asked for equally often, which only the hit share tells about (docs/model.md, point 6).
 * @param hitShare from 0 to 1, of a full cache
 */
export function shapeByHits(hitShare: number): FillShape {
  const hits = Math.min(Math.max(hitShare, 0), 0.98);
  const asks = hits / (1 - hits);
  return Float64Array.from({ length: FILL_STEPS }, (_, step) => {
    const age = (step + 1) / FILL_STEPS;
    return asks < 1e-3 ? age : ((1 - Math.exp(-asks * age)) * (1 + asks)) / asks;
  });
}

/** Learns the shape from the fill phases of a service. */
export class FillPhases {
  #shape: FillShape | undefined;

  /** The shape that was observed; undefined before the first fill. */
  get shape(): FillShape | undefined {
    return this.#shape;
  }

  /**
   * A cache has filled for one TTL.
   * @param curve with the calls since it was empty
   * @param demandCalls of a full cache in one TTL
   */
  filled(curve: OutboundCurve, emptyAtMs: number, ttlMs: number, demandCalls: number): void {
    if (!(demandCalls >= 1)) return;
    const seen = Float64Array.from(
      { length: FILL_STEPS },
      (_, step) => curve.callsIn(emptyAtMs, emptyAtMs + ((step + 1) * ttlMs) / FILL_STEPS) / demandCalls,
    );
    const before = this.#shape;
    this.#shape =
      before === undefined ? seen : seen.map((value, step) => before[step]! + NEWEST * (value - before[step]!));
  }
}
