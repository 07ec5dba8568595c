import { isolateLimits, type Restart, restartSettings } from "../../config/index.ts";
import { budgetMarks } from "../memory/budget-action.ts";
import { reclaimSettings } from "../memory/reclaim.ts";

/** The defaults. */
export const DEFAULT_SETTINGS: Restart = restartSettings();
export const RECLAIM_SETTINGS = reclaimSettings(isolateLimits());
export const BUDGET_MARKS = budgetMarks(isolateLimits());

/** The defaults with changes, which may be values that the configuration refuses. If no default TTL is given, it is the cap. */
export function settingsWith(change: Partial<Restart>): Restart {
  const settings = { ...DEFAULT_SETTINGS, ...change };
  return { ...settings, ttlDefaultMs: Math.min(change.ttlDefaultMs ?? settings.ttlCapMs, settings.ttlCapMs) };
}
