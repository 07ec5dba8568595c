import type { RestartSettings } from "../../config/index.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { keep, type RestartPolicy, type RestartVerdict, restart } from "./policy.ts";

/** Objects shorten the maximum uptime by up to this share, so that they do not restart in step. */
const JITTER = 0.1;

/** Maximum growth in the next sample relative to the last one, for memory that grows page by page. */
const CHANCE = 2;

/**
 * Limits for every policy, in case its judgement is wrong: a minimum lifetime against storms of restarts, and a maximum
 * uptime and size against memory that no estimate explains. A filter that asks for a fresh instance knows more than they do.
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
    if (situation.restartWanted) return restart("filter_asked");
    if (estimate.uptimeMs >= maxUptimeMs * (1 - JITTER * jitter)) return restart("maximum_uptime");
    return policy(situation);
  };
}

/** Bytes by which memory may grow until the next sample: as much as in the last one, or more if it grows page by page. */
function growthUntilNext({ growthRule }: Pick<Estimate, "growthRule">, grownBytes: number): number {
  return growthRule?.kind === "pages" ? CHANCE * grownBytes : grownBytes;
}
