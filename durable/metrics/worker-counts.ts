import type { Counters } from "./counters.ts";
import { OUTCOMES, type OutcomeCounts, type OutcomeReason } from "./outcomes.ts";

/** What can become of a request that an isolate of the Worker deals with. */
export type WorkerCount =
  /** Allowed by a decision of the object that the isolate keeps. */
  | "edgeHits"
  /** Decided by a credential that the Worker verified, without the object: allowed, or refused by a rule. */
  | "decided"
  /** Of these, by the kept result of an earlier verification. */
  | "decidedFromKept"
  /** Of these, refused by a rule. */
  | "decidedByRule"
  /** Refused without a valid credential, before anything else was asked. */
  | "refusedEarly"
  /** Refused because its headers or its path cannot be read in one way only. */
  | "unreadable"
  /** Refused because no rule matches, before anything was asked. */
  | "noRule"
  /** Passed although refused, because the service only reports. */
  | "reportOnly"
  /** Answered 503 by the Worker, by reason. */
  | `undecided:${OutcomeReason<"undecided">}`;

/** Counts since the last report; those that are missing are 0. */
export type WorkerCounts = Readonly<Partial<Record<WorkerCount, number>>>;

const NAMES: ReadonlySet<string> = new Set([
  ...["edgeHits", "decided", "decidedFromKept", "decidedByRule", "refusedEarly", "unreadable", "noRule", "reportOnly"],
  ...OUTCOMES.undecided.map((reason) => `undecided:${reason}`),
]);

/** Counts as another Worker sent them; unknown names are left out. @throws TypeError if one is no count */
export function readWorkerCounts(sent: unknown): WorkerCounts {
  const fields = typeof sent === "object" && sent !== null ? Object.entries(sent) : [];
  for (const [name, value] of fields) {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name}: ${value} is no count`);
  }
  return Object.fromEntries(fields.filter(([name]) => NAMES.has(name)));
}

/** Adds what isolates of the Worker dealt with to the counts of the object. */
export function addWorkerCounts(counters: Counters, outcomes: OutcomeCounts, counts: WorkerCounts): void {
  const {
    edgeHits = 0,
    decided = 0,
    decidedFromKept = 0,
    decidedByRule = 0,
    refusedEarly = 0,
    unreadable = 0,
    noRule = 0,
  } = counts;
  let undecided = 0;
  for (const reason of OUTCOMES.undecided) {
    const count = counts[`undecided:${reason}`] ?? 0;
    outcomes.undecided[reason] += count;
    undecided += count;
  }
  counters.requests += edgeHits + decided + refusedEarly + unreadable + noRule + undecided;
  counters.hits += edgeHits + decidedFromKept;
  counters.edgeHits += edgeHits;
  counters.verified += decided;
  counters.refusedEarly += refusedEarly + unreadable + noRule;
  counters.undecided += undecided;
  counters.reportOnly += counts.reportOnly ?? 0;
  outcomes.allowed.isolate += edgeHits;
  outcomes.allowed.token += Math.max(0, decided - decidedByRule);
  outcomes.refused.credential += refusedEarly;
  outcomes.refused.other += unreadable;
  outcomes.refused.rule += noRule + decidedByRule;
}
