/**
 * What became of requests that asked for a decision, and why. Each request counts once. Labels of metrics are made of these words,
 * so the lists are complete: a reason that is not in them is counted as `other`.
 */
export const OUTCOMES = {
  /**
   * `cache`: the filter answered at once. `isolate`: the Worker's isolate still had the object's answer. `server`: the filter made a
   * call. `coalesced`: it waited for the call of another request. `token`: the Worker verified a token or key. `stale`: by an
   * expired decision, because the call failed. `fail_open`: undecided, because a gate is open. `unchecked`: the filter asked for
   * something that the gateway does not have (a cluster, gRPC, a foreign function), made no other call, and let the request pass.
   */
  allowed: ["cache", "isolate", "server", "coalesced", "token", "stale", "fail_open", "unchecked"],
  /**
   * `credential`: none, or not a valid one (401). `denied`: by the authorization server or the filter (403, or any status that a server of forward-auth refuses with). `rule`: no rule, or a rule asks for a scope or
   * claim that the credential lacks (403). `throttled`: 429.
   */
  refused: ["credential", "denied", "rule", "throttled", "other"],
  /** Answered 503, by its `x-ebb-reason`. */
  undecided: [
    "authorization_server_unreachable",
    "authorization_server_timeout",
    "authorization_server_overloaded",
    "authorization_server_error",
    "authorization_server_malformed",
    "authorization_server_unknown",
    "keys_unavailable",
    "claim_unusable",
    "object_unreachable",
    "rpc_version",
    "unknown_service",
    "configuration_mismatch",
    "filter_start_failed",
    "filter_failed",
    "filter_backoff",
    "filter_timeout",
    "secret_missing",
    "object_binding_missing",
    "variable_unusable",
    "internal_error",
    "other",
  ],
} as const;

export type Outcome = keyof typeof OUTCOMES;
export type OutcomeReason<Of extends Outcome> = (typeof OUTCOMES)[Of][number];

/** Counts of every reason, also of those that never occurred. */
export type OutcomeCounts = { readonly [Of in Outcome]: { [Reason in OutcomeReason<Of>]: number } };

export function noOutcomes(): OutcomeCounts {
  return readOutcomes(undefined);
}

/** Reads counts stored by this version or another; unreadable ones start at zero. */
export function readOutcomes(stored: unknown): OutcomeCounts {
  const read = Object.entries(OUTCOMES).map(([outcome, reasons]) => {
    const counts = fieldsOf(fieldsOf(stored)[outcome]);
    return [outcome, Object.fromEntries(reasons.map((reason) => [reason, countIn(counts[reason])]))];
  });
  return Object.fromEntries(read) as OutcomeCounts;
}

/** A copy without the reasons that never occurred. */
export function occurredOutcomes(counts: OutcomeCounts): ShownOutcomes {
  const shown = Object.entries(counts).map(([outcome, reasons]) => [
    outcome,
    Object.fromEntries(Object.entries(reasons).filter(([, count]) => count > 0)),
  ]);
  return Object.fromEntries(shown) as ShownOutcomes;
}

/** Counts of those reasons that occurred. */
export type ShownOutcomes = { readonly [Of in Outcome]: Readonly<Partial<Record<OutcomeReason<Of>, number>>> };

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const UNDECIDED: ReadonlySet<string> = new Set(OUTCOMES.undecided);

/** @param reason any text: other filters and servers choose theirs */
export function undecidedReason(reason: string | null): OutcomeReason<"undecided"> {
  return reason !== null && UNDECIDED.has(reason) ? (reason as OutcomeReason<"undecided">) : "other";
}

/** Reasons of the built-in filter and the gateway for a rule that a valid credential does not meet. */
const BY_RULE: ReadonlySet<string> = new Set(["no_rule", "unknown_rule", "insufficient_scope", "insufficient_claims"]);

/** @param reason any text, as in `undecidedReason` */
export function refuseReason(status: number, reason: string | null): OutcomeReason<"refused"> {
  if (status === 401) return "credential";
  if (status === 429) return "throttled";
  if (status === 403) return reason !== null && BY_RULE.has(reason) ? "rule" : "denied";
  // Under forward-auth a server refuses with any status.
  return reason === "denied" ? "denied" : "other";
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function countIn(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
}
