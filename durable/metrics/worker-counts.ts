/** Requests that an isolate of the Worker dealt with since its last report, by what became of them. */
export interface WorkerCounts {
  /** Allowed by a decision of the object that the isolate keeps. */
  readonly edgeHits: number;
  /** Decided by a credential that the Worker verified, without the object: allowed, or refused by a rule. */
  readonly decided: number;
  /** Of these, by the kept result of an earlier verification. */
  readonly decidedFromKept: number;
  /** Refused without a valid credential, before anything else was asked. */
  readonly refusedEarly: number;
  /** Answered 503: what the verification needs could not be had. */
  readonly undecided: number;
  /** Passed although refused, because the service only reports. */
  readonly reportOnly: number;
}

export const NO_WORKER_COUNTS: WorkerCounts = {
  edgeHits: 0,
  decided: 0,
  decidedFromKept: 0,
  refusedEarly: 0,
  undecided: 0,
  reportOnly: 0,
};

/** Counts as another Worker sent them. @throws TypeError if one is no count */
export function readWorkerCounts(sent: unknown): WorkerCounts {
  const counts: Record<string, number> = { ...NO_WORKER_COUNTS };
  const fields = typeof sent === "object" && sent !== null ? (sent as Record<string, unknown>) : {};
  for (const name of Object.keys(counts)) {
    const value = fields[name] ?? 0;
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError(`${name}: ${value} is no count`);
    counts[name] = value as number;
  }
  return counts as unknown as WorkerCounts;
}
