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
  readonly curves: readonly Curve[];
  readonly density: readonly DensityRow[];
}

/** One workload with one guest. Other rows refer to `name` as `scenario`, such as "diurnal T=300s built-in". */
export interface ScenarioInfo {
  readonly name: string;
  readonly workload: string;
  readonly guest: string;
  readonly ttlMs: number;
  readonly ttlCapMs: number;
  readonly entryBytes: number;
  readonly handover: boolean;
  readonly eviction: boolean;
  readonly requests: number;
  readonly spanMs: number;
}

export interface RunRow {
  readonly scenario: string;
  readonly seed: number;
  /** `never`, `measured`, `ratio`, `uptime-60min`, `threshold-50%`, `oracle`, `optimum`, … */
  readonly policy: string;
  /** True if a real module ran on the real host, false if a model or a plan gave the numbers. */
  readonly real: boolean;
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  /** Mean of the guest's live bytes; null if unknown. */
  readonly meanRequiredBytes: number | null;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
  /** Outbound calls over those of `never` with the same scenario and seed, as a share. */
  readonly extraOutbound: number;
  readonly restarts: number;
  /** Mean of |estimated required / live bytes - 1| from 2 TTL after the start; null without estimate or live bytes. */
  readonly requiredError: number | null;
  /** Time at which the TTL first counted as measured; null if it never did. */
  readonly ttlKnownAfterMs: number | null;
  /** The last TTL that counted as measured, divided by the true TTL; null if none did. */
  readonly ttlRatio: number | null;
  /** The greatest factor between the two, at least 1 whether the estimate was too long or too short; null if none counted. */
  readonly ttlWorstRatio: number | null;
}

/** Mean allocated against extra outbound for one family of opponents, averaged over seeds. */
export interface Frontier {
  readonly scenario: string;
  readonly policy: string;
  readonly points: readonly { readonly extraOutbound: number; readonly meanAllocatedBytes: number }[];
}

/** `measured` with its default share, compared with the opponents at the same extra outbound. */
export interface Gap {
  readonly scenario: string;
  readonly extraOutbound: number;
  readonly meanAllocatedBytes: number;
  readonly neverBytes: number;
  readonly optimumBytes: number;
  readonly bestUptimeBytes: number;
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
