/** Asks a service's object to drop decisions. */
export interface PurgeRequest {
  readonly service: string;
  /** Undefined: all decisions. */
  readonly credentials?: string[];
  /** Of the operator's request. */
  readonly cfRay?: string | null;
}

/** Result of a purge. */
export interface PurgeReport {
  /** Number of decisions dropped from memory; null for a filter that cannot purge and was replaced. */
  readonly purged: number | null;
  /** Whether there were stored decisions, which were also dropped. */
  readonly stored: boolean;
}
