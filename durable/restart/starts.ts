/**
 * Why an instance of the filter started. `eviction`: the object came back into memory after the platform had evicted it.
 * `deployment`: the object came back under another deployment.
 */
export const START_REASONS = ["first_request", "eviction", "deployment", "restart", "trap"] as const;
export type StartReason = (typeof START_REASONS)[number];

/** One line of the list of starts. `generation` relates samples to their start. */
export interface StartRecord {
  generation: number;
  timeMs: number;
  reason: StartReason;
}

/** Number of starts kept in the list. */
export const LISTED_STARTS = 50;

/**
 * Identifies a deployment by the service's configuration and, if the platform reports it, the Worker's version. The version
 * also changes with the filter and the gateway itself.
 */
export function deploymentOf(configVersion: string, workerVersion: string | undefined): string {
  return workerVersion === undefined ? configVersion : `${configVersion} ${workerVersion}`;
}
