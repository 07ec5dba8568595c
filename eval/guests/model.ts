import { BuiltInModel } from "./built-in-model.ts";
import type { CacheShape, GrowthRule } from "./cache-guest.ts";
import { CallsNobodyModel } from "./calls-nobody-model.ts";
import type { GuestModel } from "./guest-model.ts";
import { SlotModel } from "./slot-model.ts";

/**
 * The model of a filter whose memory grows by `rule`. Only the built-in filter also exists as a module; agreement.test.ts
 * compares the two.
 *
 * @param shape `entryBytes` 0 to 16,000
 * @param keyCount keys are whole numbers from 0 to keyCount - 1
 */
export function guestModel(rule: GrowthRule, shape: CacheShape, keyCount: number): GuestModel {
  if (rule === "calls-nobody") return new CallsNobodyModel();
  return rule === "built-in" ? new BuiltInModel(shape, keyCount) : new SlotModel(rule, shape, keyCount);
}
