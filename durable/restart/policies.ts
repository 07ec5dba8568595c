import type { RestartPolicyName, RestartSettings } from "../../config/index.ts";
import { withBackstops } from "./backstops.ts";
import { measuredPolicy } from "./measured.ts";
import { neverRestart } from "./never.ts";
import type { RestartPolicy } from "./policy.ts";
import { ratioPolicy } from "./ratio.ts";
import { thresholdPolicy } from "./threshold.ts";
import { uptimePolicy } from "./uptime.ts";

/** The policies by their names in the configuration. */
const POLICIES = {
  measured: measuredPolicy,
  ratio: ratioPolicy,
  uptime: uptimePolicy,
  threshold: thresholdPolicy,
  never: () => neverRestart,
} satisfies Record<RestartPolicyName, (settings: RestartSettings) => RestartPolicy>;

export type { RestartPolicyName };

/** A policy with the limits of backstops.ts. */
export function restartPolicy(name: RestartPolicyName, settings: RestartSettings): RestartPolicy {
  return withBackstops(POLICIES[name](settings), settings);
}
