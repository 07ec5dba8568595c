import type { GrowthRule } from "./growth-rule.ts";

/** The estimator's results that are stored for the time when the object is not in memory. A few numbers; JSON. */
export interface EstimatorState {
  readonly observedMs: number;
  readonly ttlMs: number | undefined;
  readonly bytesPerEntry: number | undefined;
  readonly fixedBytes: number | undefined;
  readonly growthRule: GrowthRule | undefined;
}

export const NOTHING_KNOWN: EstimatorState = {
  observedMs: 0,
  ttlMs: undefined,
  bytesPerEntry: undefined,
  fixedBytes: undefined,
  growthRule: undefined,
};
