import type { RestartSettings } from "../../config/index.ts";
import { keep, type RestartPolicy, restart } from "./policy.ts";

/** The policy `threshold`: restarts at a fixed size of linear memory, needed or not, as Higress does. */
export function thresholdPolicy({ thresholdBytes }: Pick<RestartSettings, "thresholdBytes">): RestartPolicy {
  return function threshold({ estimate }) {
    return estimate.allocatedBytes >= thresholdBytes ? restart("threshold") : keep("below_threshold");
  };
}
