import type { RestartSettings } from "../../config/index.ts";
import { keep, type RestartPolicy, restart } from "./policy.ts";

/** By how much the uptimes of objects differ at the most, so that they do not restart in step. */
const JITTER = 0.1;

/** The policy `uptime`: a fixed maximum age, shortened at random by up to a tenth. */
export function uptimePolicy({ uptimeMs }: Pick<RestartSettings, "uptimeMs">): RestartPolicy {
  return function uptime({ estimate, jitter }) {
    return estimate.uptimeMs >= uptimeMs * (1 - JITTER * jitter) ? restart("uptime") : keep("below_uptime");
  };
}
