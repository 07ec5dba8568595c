import { keep, type RestartVerdict } from "./policy.ts";

const VERDICT = keep("never");

/** The policy `never`: memory only grows. For comparison, and for filters whose cache is too expensive to lose. */
export function neverRestart(): RestartVerdict {
  return VERDICT;
}
