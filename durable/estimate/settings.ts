/** Durations the estimator and the policies work with, in milliseconds. Tests and the demo shorten them all. */
export interface EstimateSettings {
  /** From the start of an instance until anything is judged. */
  collectMs: number;
  /** Width of the bins in which ratios and trends are formed. */
  binMs: number;
  /** No TTL is believed to be longer. */
  ttlCapMs: number;
  /** The TTL while none is known. Never above the cap. */
  ttlDefaultMs: number;
  /** Between two samples, where requests allow. */
  sampleIntervalMs: number;
}

/** The paper's numbers: 15 minutes of collection, 10 minutes as the TTL's bound and default. */
export const DEFAULT_SETTINGS: Readonly<EstimateSettings> = {
  collectMs: 900_000,
  binMs: 60_000,
  ttlCapMs: 600_000,
  ttlDefaultMs: 600_000,
  sampleIntervalMs: 10_000,
};

/** Settings with what is left out filled in; a TTL default that is left out follows the cap. */
export function estimateSettings(given: Partial<EstimateSettings> = {}): EstimateSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given };
  return { ...settings, ttlDefaultMs: Math.min(given.ttlDefaultMs ?? settings.ttlCapMs, settings.ttlCapMs) };
}
