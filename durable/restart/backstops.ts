import type { RestartSettings } from "../../config/index.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { keep, type RestartPolicy, type RestartVerdict, restart } from "./policy.ts";

/** By how much bounds on an instance's age differ between objects at the most. */
const JITTER = 0.1;

/** How much more than in one sample memory may grow in the next, page by page. */
const CHANCE = 2;

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
    if (estimate.allocatedBytes + growthUntilNext(estimate, grownBytes) >= hardLimitBytes) return restart("hard_limit");
    if (estimate.uptimeMs >= maxUptimeMs * (1 - JITTER * jitter)) return restart("maximum_uptime");
    return policy(situation);
  };
}

/** What has grown since the last sample may grow once more until the next, and by chance somewhat more. */
function growthUntilNext({ growthRule }: Pick<Estimate, "growthRule">, grownBytes: number): number {
  return growthRule?.kind === "pages" ? CHANCE * grownBytes : grownBytes;
}
