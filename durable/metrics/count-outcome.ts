import type { Decision } from "../../wasm/host/index.ts";
import type { AllowedBy, UnavailableReason } from "../rpc.ts";
import { type OutcomeCounts, refuseReason, undecidedReason } from "./outcomes.ts";

/** Counts a filter's decision. */
export function countOutcome(counts: OutcomeCounts, decision: Decision): void {
  switch (decision.kind) {
    case "continue":
      counts.allowed[allowedBy(decision)] += 1;
      return;
    case "respond":
      countResponse(counts, decision);
      return;
    case "failed":
      countUndecided(counts, decision.reason === "aborted" ? "filter_timeout" : "filter_failed");
  }
}

/** Where a filter's allow comes from. */
export function allowedBy({ calls, paused, unserved }: Extract<Decision, { kind: "continue" }>): AllowedBy {
  if (calls > 0) return "server";
  if (unserved) return "unchecked";
  return paused ? "coalesced" : "cache";
}

export function countUndecided(counts: OutcomeCounts, reason: UnavailableReason | string): void {
  counts.undecided[undecidedReason(reason)] += 1;
}

/** Counts a response that a filter or the gateway gave in place of the upstream. */
export function countResponse(
  counts: OutcomeCounts,
  { status, details }: { readonly status: number; readonly details: string },
): void {
  if (status >= 500) countUndecided(counts, details);
  else counts.refused[refuseReason(status, details)] += 1;
}
