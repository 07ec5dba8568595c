import type { RestartSettings } from "../../config/index.ts";
import { keep, type RestartPolicy, restart } from "./policy.ts";

/** The policy `threshold`: a fixed size of linear memory, as Higress does it. It does not ask whether the memory is needed. */
export function thresholdPolicy({ thresholdBytes }: Pick<RestartSettings, "thresholdBytes">): RestartPolicy {
  return function threshold({ estimate }) {
    return estimate.allocatedBytes >= thresholdBytes ? restart("threshold") : keep("below_threshold");
  };
}
