import type { RestartSettings } from "../../config/index.ts";
import { keep, type RestartPolicy, restart } from "./policy.ts";

/** Objects shorten their uptime by up to this share, so that they do not restart in step. */
const JITTER = 0.1;

/** The policy `uptime`: restarts at a fixed age, shortened at random by up to a tenth. */
export function uptimePolicy({ uptimeMs }: Pick<RestartSettings, "uptimeMs">): RestartPolicy {
  return function uptime({ estimate, jitter }) {
    return estimate.uptimeMs >= uptimeMs * (1 - JITTER * jitter) ? restart("uptime") : keep("below_uptime");
  };
}
