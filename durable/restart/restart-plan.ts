import { PAGE_BYTES } from "../../wasm/byte-units.ts";

/** The bytes that a restart now would free, and the extra calls to the authorization server that it would cost. */
export interface RestartPlan {
  /** Whether live decisions survive the restart. */
  readonly handover: boolean;
  readonly allocatedBytes: number;
  /** Freed at once: exact to a few pages if the filter reports the size of its live decisions, else estimated. */
  readonly freedBytes: number;
  /** Expected size of the fresh instance once filled; the allocated bytes while nothing is known. */
  readonly growsBackToBytes: number;
  readonly extraCalls: number;
}

/** Data of the running instance. */
export interface PlanSources {
  readonly handover: boolean;
  readonly allocatedBytes: number;
  /** Size of a fresh instance without entries. */
  readonly startBytes: number;
  readonly requiredBytes: number;
  readonly baselineBytes: number;
  /** Bytes of live decisions as counted by the filter; undefined if it does not report them. */
  readonly liveBytes: number | undefined;
  readonly priceCalls: number;
}

export function restartPlan(sources: PlanSources): RestartPlan {
  const { handover, allocatedBytes, baselineBytes, priceCalls } = sources;
  return {
    handover,
    allocatedBytes,
    freedBytes: Math.max(0, allocatedBytes - freshBytes(sources)),
    growsBackToBytes: baselineBytes,
    extraCalls: priceCalls,
  };
}

/** Size of the fresh instance when it begins to serve. */
function freshBytes({ handover, startBytes, requiredBytes, liveBytes }: PlanSources): number {
  if (!handover) return startBytes;
  return pagesUp(liveBytes === undefined ? Math.max(startBytes, requiredBytes) : startBytes + liveBytes);
}

function pagesUp(bytes: number): number {
  return PAGE_BYTES * Math.ceil(bytes / PAGE_BYTES);
}
