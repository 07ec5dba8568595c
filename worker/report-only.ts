import type { Enforcement } from "../config/gateway.ts";

/** Refusals of requests that nobody could read, or that belong to no one. Those stay refused. */
function isOfDecision(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500;
}

/** Whether a refused request passes all the same, because the service only reports (`enforcement`). */
export function passesUnenforced(enforcement: Enforcement, refusal: Response, nowMs: number): boolean {
  return enforcement.mode === "report-only" && nowMs < enforcement.untilMs && isOfDecision(refusal.status);
}
