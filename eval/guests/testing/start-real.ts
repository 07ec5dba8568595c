import { BuiltInGuest } from "../built-in-guest.ts";
import type { CacheGuest, CacheShape, GrowthRule } from "../cache-guest.ts";
import { WasmGuest } from "../wasm-guest.ts";

export const ALL_RULES: readonly GrowthRule[] = [
  "built-in",
  "page",
  "doubling",
  "plus-20-percent",
  "arena-4-mib",
  "lazy-expiry",
  "leak",
  "sliding-ttl",
  "size-classes",
];

/** The real module of a rule. */
export function startReal(rule: GrowthRule, shape: CacheShape, keyCount: number): Promise<CacheGuest> {
  return rule === "built-in" ? BuiltInGuest.start(shape) : WasmGuest.start(rule, shape, keyCount);
}
