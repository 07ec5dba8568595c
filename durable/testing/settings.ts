import { isolateLimits, type Restart, restartSettings } from "../../config/index.ts";
import { budgetMarks } from "../memory/budget.ts";
import { reclaimSettings } from "../memory/reclaim.ts";

/** As a user has them who writes none. */
export const DEFAULT_SETTINGS: Restart = restartSettings();
export const RECLAIM_SETTINGS = reclaimSettings(isolateLimits());
export const BUDGET_MARKS = budgetMarks(isolateLimits());

/** Settings that are changed, also to values that the configuration refuses; a default TTL that is left out follows the cap. */
export function settingsWith(change: Partial<Restart>): Restart {
  const settings = { ...DEFAULT_SETTINGS, ...change };
  return { ...settings, ttlDefaultMs: Math.min(change.ttlDefaultMs ?? settings.ttlCapMs, settings.ttlCapMs) };
}
