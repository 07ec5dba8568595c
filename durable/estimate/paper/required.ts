import type { OutboundInTtl } from "./outbound-window.ts";

export interface RequiredEstimate {
  /** Whole bytes, from 0 to the allocated bytes. */
  bytes: number;
  /** "default" before the first outbound call. */
  source: "estimated" | "default";
}

/**
 * Required bytes of the policy `ratio` (docs/model.md): the share N_T / M_T of the memory beyond the fixed part is live.
 * `required = b0 + (allocated - b0) * N_T / M_T`, where b0 is the size at the start.
 *
 * Until one TTL has passed nothing expires, so N_T = M_T and required = allocated. The same holds before the first call.
 * This error never causes a restart.
 */
export function requiredBytes(
  allocatedBytes: number,
  startAllocatedBytes: number,
  calls: OutboundInTtl,
): RequiredEstimate {
  if (!(calls.max > 0)) return { bytes: allocatedBytes, source: "default" };
  const fixedBytes = Math.min(Math.max(startAllocatedBytes, 0), allocatedBytes);
  const liveShare = Math.min(Math.max(calls.now / calls.max, 0), 1);
  // Whole bytes, so that a rounding error cannot look like a fall.
  const bytes = Math.round(fixedBytes + (allocatedBytes - fixedBytes) * liveShare);
  return { bytes: Math.min(bytes, allocatedBytes), source: "estimated" };
}
