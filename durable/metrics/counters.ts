import type { Decision, Refusal } from "../../wasm/host/index.ts";

/** What was counted since the service was first asked; kept over evictions and restarts. */
export interface Counters {
  /** Requests that asked for a decision. */
  requests: number;
  /** Of these, answered at once from what the filter held, by no call of their own and no waiting for another's. */
  hits: number;
  /** Refused before any cache was asked, for want of a well-formed credential. They count neither as hit nor miss. */
  withoutCredential: number;
  /** Calls to authorization servers. */
  outbound: number;
  /** Requests for which the filter failed (trap) or could not be started: answered 503. */
  failures: number;
  /** Requests that passed without a decision, as the failure policy `open` has it. They count as failures too. */
  failedOpen: number;
  /** Requests whose head was decided and whose body or response the filter then refused. */
  refusedInStages: number;
  /** Bodies and responses for which the filter failed: answered 503, or broken off. */
  failuresInStages: number;
  /** Traps of the running filter. */
  traps: number;
  /** Starts of the filter that failed. */
  failedStarts: number;
}

export function noCounts(): Counters {
  return {
    requests: 0,
    hits: 0,
    withoutCredential: 0,
    outbound: 0,
    failures: 0,
    failedOpen: 0,
    refusedInStages: 0,
    failuresInStages: 0,
    traps: 0,
    failedStarts: 0,
  };
}

/** Reasons by which the built-in filter refuses a request without having looked for a decision. */
const WITHOUT_CREDENTIAL: ReadonlySet<string> = new Set(["missing_credential", "malformed_credential"]);

export function countDecision(counters: Counters, decision: Decision): void {
  counters.requests += 1;
  if (decision.kind === "failed") counters.failures += 1;
  else if (decision.kind === "respond" && WITHOUT_CREDENTIAL.has(decision.details)) counters.withoutCredential += 1;
  else if (decision.calls === 0 && !decision.paused) counters.hits += 1;
}

export function countRefusalInStage(counters: Counters, refusal: Refusal): void {
  if (refusal.kind === "respond") counters.refusedInStages += 1;
  else counters.failuresInStages += 1;
}

/** Hits as a share, 0 to 1, of the requests that looked for a decision; 0 before the first of them. */
export function hitRate({ requests, hits, withoutCredential, failures }: Counters): number {
  const looked = requests - withoutCredential - failures;
  return looked > 0 ? hits / looked : 0;
}

/** Counters as they were stored, by this version or another; what cannot be read counts from zero. */
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
