import { keep, type RestartPolicy, type RestartVerdict, restart } from "./policy.ts";
import type { RestartSettings } from "./settings.ts";

/** By how much bounds on an instance's age differ between objects at the most. */
const JITTER = 0.1;

/**
 * What stands behind every policy, for the cases in which its judgement is wrong: a least lifetime against storms of
 * restarts, a greatest one and a greatest size against memory that no estimate explains.
 */
export function withBackstops(
  policy: RestartPolicy,
  {
    minLifetimeMs,
    maxUptimeMs,
    hardLimitBytes,
  }: Pick<RestartSettings, "minLifetimeMs" | "maxUptimeMs" | "hardLimitBytes">,
): RestartPolicy {
  return function guarded(situation): RestartVerdict {
    const { estimate, grownBytes, jitter } = situation;
    if (estimate.uptimeMs < minLifetimeMs) return keep("minimum_lifetime");
    // What grew since the last sample may grow once more until the next.
    if (estimate.allocatedBytes + grownBytes >= hardLimitBytes) return restart("hard_limit");
    if (estimate.uptimeMs >= maxUptimeMs * (1 - JITTER * jitter)) return restart("maximum_uptime");
    return policy(situation);
  };
}
