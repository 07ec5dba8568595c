/** Lowest load as a share of the peak: nights are quiet, not silent. */
const TROUGH = 0.08;

export interface LoadCurve {
  /** Requests per second at the peak. */
  peakPerSecond: number;
  durationSeconds: number;
  /** How often the load rises and falls in that time. */
  waves: number;
}

/** Requests per second at a moment of the run: rises smoothly from the trough and falls back to it, `waves` times. */
export function requestsPerSecond(curve: LoadCurve, atSeconds: number): number {
  const height = Math.sin((Math.PI * curve.waves * atSeconds) / curve.durationSeconds) ** 2;
  return curve.peakPerSecond * (TROUGH + (1 - TROUGH) * height);
}
