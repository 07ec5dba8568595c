import type { Runtime } from "./runtime.ts";
import { TIME_LIMITS } from "./time-limits.ts";

/** Clock, randomness and time limits of the platform. */
export const PLATFORM_RUNTIME: Runtime = {
  nowMs: () => Date.now(),
  randomBytes: (into) => crypto.getRandomValues(into),
  limits: TIME_LIMITS,
};
