import type { Decision, Refusal } from "../../wasm/host/index.ts";

/**
 * Counts since the first request to the service. They survive restarts and evictions, but an eviction may lose those of the last
 * minute that were not shown.
 */
export interface Counters {
  /** Requests that asked for a decision. */
  requests: number;
  /** Of these, answered at once: without a call of their own and without waiting for another's. */
  hits: number;
  /** Of these, answered by a Worker's isolate without asking the object. */
  edgeHits: number;
  /** Of these, decided by a token or key that the Worker verified, without asking the object. */
  verified: number;
  /** Denied before a decision was looked for: no rule, credential missing or malformed, header not UTF-8 or too large. */
  refusedEarly: number;
  /** The filter failed or answered with a 5xx status, as the built-in one does if its authorization server fails. */
  undecided: number;
  /** Answered 429: the client had too many requests waiting for a decision, or exceeded the rate limit. */
  throttled: number;
  /** Passed undecided: the service fails open, and its authorization server or filter was not available. */
  failedOpen: number;
  /** Passed although they would be refused: `enforcement` only reports. */
  reportOnly: number;
  /** Calls of the filter to authorization servers. */
  outbound: number;
  /** Requests that joined the pending call of another one; they count as misses. Told by the built-in filter, like the next two. */
  coalesced: number;
  /** Expired allows that were used while the authorization server failed (`staleIfErrorMs`). */
  stale: number;
  /** Live decisions dropped for lack of memory (`cache.maxBytes`). */
  evicted: number;
  /** Replies to them that forbade to keep the decision (`Cache-Control`), while the built-in filter obeys that. */
  forbiddenToKeep: number;
  /** Requests whose body or response the filter refused after it had decided on the head. */
  refusedInStages: number;
  /** Bodies and responses for which the filter failed: answered 503, or aborted. */
  failuresInStages: number;
  /** Calls of the filter for something that the gateway does not have: a cluster, gRPC, a foreign function. */
  unservedCalls: number;
  /** Purges, of one credential or of all. */
  purges: number;
  /** Traps of the running filter. */
  traps: number;
  /** Starts of the filter that failed. */
  failedStarts: number;
}

export function noCounts(): Counters {
  return {
    requests: 0,
    hits: 0,
    edgeHits: 0,
    verified: 0,
    refusedEarly: 0,
    undecided: 0,
    throttled: 0,
    failedOpen: 0,
    reportOnly: 0,
    outbound: 0,
    coalesced: 0,
    stale: 0,
    evicted: 0,
    forbiddenToKeep: 0,
    refusedInStages: 0,
    failuresInStages: 0,
    unservedCalls: 0,
    purges: 0,
    traps: 0,
    failedStarts: 0,
  };
}

/** Reasons for which the built-in filter denies a request before it looks for a decision. */
const REFUSED_EARLY: ReadonlySet<string> = new Set([
  "missing_credential",
  "malformed_credential",
  "header_not_utf8",
  "request_headers_too_large",
]);

/** The built-in filter's reasons if a client has more than its share of waiting requests or calls. */
const THROTTLED: ReadonlySet<string> = new Set(["too_many_undecided_requests", "rate_limited"]);

/** A decision during which the filter did not get what it asked for is no hit: it may not have looked for one. */
export function countDecision(counters: Counters, decision: Decision): void {
  counters.requests += 1;
  if (decision.kind === "failed" || (decision.kind === "respond" && decision.status >= 500)) counters.undecided += 1;
  else if (decision.kind === "respond" && THROTTLED.has(decision.details)) counters.throttled += 1;
  else if (decision.kind === "respond" && REFUSED_EARLY.has(decision.details)) counters.refusedEarly += 1;
  else if (decision.calls === 0 && !decision.paused && decision.unserved === undefined) counters.hits += 1;
}

export function countRefusalInStage(counters: Counters, refusal: Refusal): void {
  if (refusal.kind === "respond") counters.refusedInStages += 1;
  else counters.failuresInStages += 1;
}

/** Requests that got a decision. */
export function decidedRequests({ requests, refusedEarly, undecided, throttled }: Readonly<Counters>): number {
  return requests - refusedEarly - undecided - throttled;
}

/** Hits as a share, 0 to 1, of the requests that got a decision; 0 before the first one. */
export function hitRate(counters: Readonly<Counters>): number {
  const decided = decidedRequests(counters);
  return decided > 0 ? counters.hits / decided : 0;
}

/** Reads counters stored by this version or another; unreadable ones start at zero. */
export function readCounters(stored: unknown): Counters {
  const counters = noCounts();
  if (typeof stored !== "object" || stored === null) return counters;
  const fields = stored as Partial<Record<keyof Counters, unknown>>;
  for (const name of Object.keys(counters) as (keyof Counters)[]) {
    const value = fields[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) counters[name] = value;
  }
  return counters;
}
