import type { OutboundInTtl } from "./outbound-window.ts";

export interface RequiredEstimate {
  /** Whole bytes, from 0 to the allocated bytes. */
  bytes: number;
  /** "default" before the first outbound call, when there is nothing to derive it from. */
  source: "estimated" | "default";
}

/**
 * Required bytes by identity 4 of docs/model.md: of what the instance grew beyond its fixed part, the share N_T / M_T is
 * live. `required = b0 + (allocated - b0) * N_T / M_T`, where b0 is what it held at its start.
 *
 * Until one TTL has passed nothing expires, N_T = M_T and required = allocated; so it is before the first call too:
 * the error lies on the side that never restarts.
 */
export function requiredBytes(
  allocatedBytes: number,
  startAllocatedBytes: number,
  calls: OutboundInTtl,
): RequiredEstimate {
  if (!(calls.max > 0)) return { bytes: allocatedBytes, source: "default" };
  const fixedBytes = Math.min(Math.max(startAllocatedBytes, 0), allocatedBytes);
  const liveShare = Math.min(Math.max(calls.now / calls.max, 0), 1);
  // Whole bytes, so that a steady share of a steady allocation cannot seem to fall by a rounding error.
  const bytes = Math.round(fixedBytes + (allocatedBytes - fixedBytes) * liveShare);
  return { bytes: Math.min(bytes, allocatedBytes), source: "estimated" };
}
