import { PAGE_BYTES } from "../../wasm/byte-units.ts";

/** What a restart now would free, in bytes, and cost, in extra calls to the authorization server. */
export interface RestartPlan {
  /** Live decisions survive it. */
  readonly handover: boolean;
  readonly allocatedBytes: number;
  /** At once: to within a few pages where the filter tells what its live decisions take, else by the estimate. */
  readonly freedBytes: number;
  /** What the fresh instance is expected to come to as it fills; what is allocated now while nothing is known. */
  readonly growsBackToBytes: number;
  readonly extraCalls: number;
}

/** The running instance, and what is known of it. Sizes in bytes. */
export interface PlanSources {
  readonly handover: boolean;
  readonly allocatedBytes: number;
  /** What an instance starts with. */
  readonly startBytes: number;
  readonly requiredBytes: number;
  readonly baselineBytes: number;
  /** What the filter says its live decisions take; undefined where it says nothing. */
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

/** What the fresh instance begins to serve with. */
function freshBytes({ handover, startBytes, requiredBytes, liveBytes }: PlanSources): number {
  if (!handover) return startBytes;
  return pagesUp(liveBytes === undefined ? Math.max(startBytes, requiredBytes) : startBytes + liveBytes);
}

function pagesUp(bytes: number): number {
  return PAGE_BYTES * Math.ceil(bytes / PAGE_BYTES);
}
