import { TIME_LIMITS } from "./limits.ts";
import type { Runtime } from "./runtime.ts";

/** Clock, randomness and patience of the platform. */
export const PLATFORM_RUNTIME: Runtime = {
  nowMs: () => Date.now(),
  randomBytes: (into) => crypto.getRandomValues(into),
  limits: TIME_LIMITS,
};
