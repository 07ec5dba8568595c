/**
 * Why an instance of the filter began. `eviction`: the object came back after the platform had taken it out of memory.
 * `deployment`: it came back under another deployment than its instance before ran under.
 */
export const START_REASONS = ["first_request", "eviction", "deployment", "restart", "trap"] as const;
export type StartReason = (typeof START_REASONS)[number];

/** One line of the list of starts; a sample finds its own by the generation. */
export interface StartRecord {
  generation: number;
  timeMs: number;
  reason: StartReason;
}

/** Starts kept in the list. */
export const LISTED_STARTS = 50;

/**
 * What tells deployments apart: the service's configuration and, where the platform tells it, the Worker's version, which
 * also changes with the filter or the gateway itself.
 */
export function deploymentOf(configVersion: string, workerVersion: string | undefined): string {
  return workerVersion === undefined ? configVersion : `${configVersion} ${workerVersion}`;
}
