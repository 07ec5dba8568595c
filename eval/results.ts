/** Output of `npm run eval -- --json FILE` and input of the report. Sizes are in bytes; a share of 1 is 100 %. */
export interface EvalResults {
  readonly settings: {
    readonly command: string;
    readonly seeds: readonly number[];
    /** The share of extra outbound calls allowed to `measured`. */
    readonly extraCallsShare: number;
    readonly seconds: number;
  };
  readonly scenarios: readonly ScenarioInfo[];
  readonly runs: readonly RunRow[];
  readonly frontiers: readonly Frontier[];
  readonly gaps: readonly Gap[];
  readonly handoverGaps: readonly HandoverGap[];
  readonly curves: readonly Curve[];
  readonly density: readonly DensityRow[];
}

/** One workload with one guest. Other rows refer to `name` as `scenario`, such as "diurnal T=300s built-in". */
export interface ScenarioInfo {
  readonly name: string;
  readonly workload: string;
  /** True for a trace, false for generated traffic. */
  readonly recorded: boolean;
  readonly guest: string;
  /** At the start; for most entries, if they differ. */
  readonly ttlMs: number;
  /** All entries live for the same time, at any time. */
  readonly oneTtl: boolean;
  readonly ttlCapMs: number;
  readonly entryBytes: number;
  readonly handover: boolean;
  readonly eviction: boolean;
  readonly requests: number;
  readonly spanMs: number;
}

/** `scenario`, `seed`, `policy` and `handover` identify a row. */
export interface RunRow {
  readonly scenario: string;
  readonly seed: number;
  /** `never`, `measured`, `ratio`, `uptime-60min`, `threshold-50%`, `oracle`, `optimum`, … */
  readonly policy: string;
  /** Whether live entries move to the next instance at a restart. */
  readonly handover: boolean;
  /** The share of extra outbound calls that the operator allows: 0.01, except where `measured` is swept over it. */
  readonly share: number;
  /** Whether the TTL changes during the run. */
  readonly ttlChanges: boolean;
  /** True if a real module ran on the real host, false if a model or a plan gave the numbers. */
  readonly real: boolean;
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  /** Mean memory of ended instances that is not yet collected. */
  readonly meanRetiredBytes: number;
  /** Allocated and retired. */
  readonly meanHeldBytes: number;
  /** Mean of live entries in whole pages and the fixed part: no restart can lead below it. Null if unknown. */
  readonly floorBytes: number | null;
  /** Work of the restarts (moving entries, forced collections), as a share of a core. */
  readonly cpuShare: number;
  /** Mean of the guest's live bytes; null if unknown. */
  readonly meanRequiredBytes: number | null;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
  /** Outbound calls over those of `never` with the same scenario and seed, as a share. */
  readonly extraOutbound: number;
  /** The same for the worst of all rolling 24 hours; for the whole run if it is shorter. Null for a plan of several days. */
  readonly extraOutboundWorstDay: number | null;
  readonly restarts: number;
  /** Mean of |estimated required / live bytes - 1| from 2 TTL after the start; null without estimate or live bytes. */
  readonly requiredError: number | null;
  /** Time at which the TTL first counted as measured; null if it never did. */
  readonly ttlKnownAfterMs: number | null;
  /** The last TTL that counted as measured, divided by the true TTL; null if none did. */
  readonly ttlRatio: number | null;
  /** The greatest factor between the two, at least 1 whether the estimate was too long or too short; null if none counted. */
  readonly ttlWorstRatio: number | null;
  readonly ttl: TtlRecord;
}

/** What a policy knew of the TTL. All null for a policy without an estimate. The truth is the TTL of entries written now. */
export interface TtlRecord {
  /** The last estimate. */
  readonly finalMs: number | null;
  /** Time at which it first counted as measured. */
  readonly firstMeasuredMs: number | null;
  /** The greatest factor between estimate and truth while the TTL counted as measured; at least 1. */
  readonly worstWhileMeasured: number | null;
  /** The longest time for which it counted as measured and was off by more than 25 %. */
  readonly longestOffMs: number | null;
}

/** Mean allocated against extra outbound for one family of opponents, averaged over seeds. */
export interface Frontier {
  readonly scenario: string;
  readonly policy: string;
  readonly points: readonly { readonly extraOutbound: number; readonly meanAllocatedBytes: number }[];
}

/** `measured` with its default share, compared with its opponents for one scenario and seed, without handover. */
export interface Gap {
  readonly scenario: string;
  readonly seed: number;
  readonly extraOutbound: number;
  readonly extraOutboundWorstDay: number;
  readonly meanAllocatedBytes: number;
  readonly neverBytes: number;
  /** The exact optimum at the extra outbound of `measured`. NaN if it did not run, like the numbers below. */
  readonly optimumBytes: number;
  /** The best timer at the extra outbound of `measured`. */
  readonly bestUptimeBytes: number;
  /** The best timer whose extra outbound is within the operator's share; `never` counts as one. */
  readonly withinShareBytes: number;
  readonly withinSharePolicy: string;
  /** (never - measured) / (never - optimum); NaN if the two differ by less than a page. */
  readonly gapClosed: number;
}

/** `measured` compared with its opponents for one scenario and seed, with handover. Sizes are allocated and retired. */
export interface HandoverGap {
  readonly scenario: string;
  readonly seed: number;
  readonly heldBytes: number;
  readonly neverBytes: number;
  /** NaN if it did not run, like the timers. */
  readonly ratioBytes: number;
  readonly timer5Bytes: number;
  readonly timer20Bytes: number;
  readonly timer60Bytes: number;
  readonly leastTimerBytes: number;
  readonly floorBytes: number;
  readonly cpuShare: number;
  readonly restarts: number;
}

/** Memory and hit rate over time for the run with the first seed. All arrays have the same length. */
export interface Curve {
  readonly scenario: string;
  readonly policy: string;
  readonly timesMs: readonly number[];
  readonly allocatedBytes: readonly number[];
  readonly requiredBytes: readonly number[];
  readonly estimatedBytes: readonly number[];
  /** Hit rate of the requests since the previous point. */
  readonly hitRate: readonly number[];
}

/** Number of services with shifted daily peaks that fit into one isolate of 128 MB without overrun. */
export interface DensityRow {
  readonly policy: string;
  readonly services: number;
  readonly peakBytes: number;
}
