import type { GrowthRule } from "../cache-guest.ts";

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
