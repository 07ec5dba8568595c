import type { Service } from "../../config/index.ts";
import type { Decision } from "../../wasm/host/index.ts";

/** Set by the built-in filter on an allow that it keeps: the rest of its life, in ms, as an i64. */
const FRESH_FOR = "ebb.fresh_for_ms";

/** How long the Worker's isolates may use this allow, in ms; 0: not at all. Other filters may decide on what no key holds. */
export function freshForMs(
  { filterKind }: Pick<Service, "filterKind">,
  { properties }: Extract<Decision, { kind: "continue" }>,
): number {
  if (filterKind.kind !== "built-in" || filterKind.cache.edgeTtlMs === 0) return 0;
  const value = properties?.get(FRESH_FOR);
  if (value?.byteLength !== 8) return 0;
  const leftMs = Number(new DataView(value.buffer, value.byteOffset).getBigInt64(0, true));
  return Math.min(Math.max(0, leftMs), filterKind.cache.edgeTtlMs);
}
