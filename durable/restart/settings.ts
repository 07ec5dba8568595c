import { DEFAULT_SETTINGS, type EstimateSettings, estimateSettings } from "../estimate/settings.ts";

/** What the policies work with. Durations in ms, sizes in bytes. */
export interface RestartSettings extends EstimateSettings {
  /** The share of extra outbound calls that restarts may cost, from 0 to 1. */
  extraCallsShare: number;
  /** No instance is restarted before it is so old, whatever speaks for it. */
  minLifetimeMs: number;
  /** Every instance is restarted when it is so old, whatever speaks against it. */
  maxUptimeMs: number;
  /** An instance that has grown to this, or will have by the next sample, is restarted. */
  hardLimitBytes: number;
  /** For the policy `uptime`. */
  uptimeMs: number;
  /** For the policy `threshold`. */
  thresholdBytes: number;
}

const WEEK_MS = 604_800_000;
const MIB = 1_048_576;

export const DEFAULT_RESTART_SETTINGS: Readonly<RestartSettings> = {
  ...DEFAULT_SETTINGS,
  extraCallsShare: 0.01,
  minLifetimeMs: 60_000,
  maxUptimeMs: WEEK_MS,
  hardLimitBytes: 64 * MIB,
  uptimeMs: 3_600_000,
  thresholdBytes: 16 * MIB,
};

/** Settings with what is left out filled in. */
export function restartSettings(given: Partial<RestartSettings> = {}): RestartSettings {
  return { ...DEFAULT_RESTART_SETTINGS, ...given, ...estimateSettings(given) };
}
