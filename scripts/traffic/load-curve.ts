/** Between its peaks the load falls to this part of the peak: nights are quiet, not silent. */
const TROUGH = 0.08;

export interface LoadCurve {
  /** Requests per second at the peak. */
  peakPerSecond: number;
  durationSeconds: number;
  /** How often the load rises and falls in that time. */
  waves: number;
}

/** Requests per second at a moment of the run: a smooth rise from the trough and fall back to it, `waves` times over. */
export function requestsPerSecond(curve: LoadCurve, atSeconds: number): number {
  const height = Math.sin((Math.PI * curve.waves * atSeconds) / curve.durationSeconds) ** 2;
  return curve.peakPerSecond * (TROUGH + (1 - TROUGH) * height);
}
