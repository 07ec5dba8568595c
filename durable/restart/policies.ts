import type { EstimateSettings } from "../estimate/settings.ts";
import { neverRestart } from "./never.ts";
import type { RestartPolicy } from "./policy.ts";
import { ratioPolicy } from "./ratio.ts";

/** Every policy, by the name the configuration gives it. */
const POLICIES = {
  never: () => neverRestart,
  ratio: ratioPolicy,
} satisfies Record<string, (settings: EstimateSettings) => RestartPolicy>;

export type RestartPolicyName = keyof typeof POLICIES;

export function restartPolicy(name: RestartPolicyName, settings: EstimateSettings): RestartPolicy {
  return POLICIES[name](settings);
}
