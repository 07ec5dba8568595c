import type { Decision } from "../../wasm/host/index.ts";
import type { UnavailableReason } from "../rpc.ts";
import { isUndecidedReason, type OutcomeCounts } from "./outcomes.ts";

/** Reasons of the built-in filter and the gateway for a rule that a valid credential does not meet. */
const BY_RULE: ReadonlySet<string> = new Set(["no_rule", "unknown_rule", "insufficient_scope", "insufficient_claims"]);

/** Counts a filter's decision. */
export function countOutcome(counts: OutcomeCounts, decision: Decision): void {
  switch (decision.kind) {
    case "continue":
      if (decision.calls > 0) counts.allowed.server += 1;
      else if (decision.paused) counts.allowed.coalesced += 1;
      else counts.allowed.cache += 1;
      return;
    case "respond":
      countResponse(counts, decision);
      return;
    case "failed":
      countUndecided(counts, decision.reason === "aborted" ? "filter_timeout" : "filter_failed");
  }
}

export function countUndecided(counts: OutcomeCounts, reason: UnavailableReason | string): void {
  counts.undecided[isUndecidedReason(reason) ? reason : "other"] += 1;
}

/** Counts a response that a filter or the gateway gave in place of the upstream. */
export function countResponse(
  counts: OutcomeCounts,
  { status, details }: { readonly status: number; readonly details: string },
): void {
  if (status >= 500) countUndecided(counts, details);
  else if (status === 429) counts.refused.throttled += 1;
  else if (status === 401) counts.refused.credential += 1;
  else if (status === 403) counts.refused[BY_RULE.has(details) ? "rule" : "denied"] += 1;
  else counts.refused.other += 1;
}
