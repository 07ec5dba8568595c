/** What `npm run eval -- --json FILE` writes, and what the report is made from. Sizes in bytes, shares from 0 up. */
export interface EvalResults {
  readonly settings: {
    readonly command: string;
    readonly seeds: readonly number[];
    /** The share of extra outbound calls that `measured` was allowed. */
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

/** One workload with one guest: `name` is what `scenario` refers to everywhere else, such as "diurnal T=300s built-in". */
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
  /** True where the real module ran on the real host, false where its page-exact model did. */
  readonly real: boolean;
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  /** The truth, as the guest tells it; null where it does not. */
  readonly meanRequiredBytes: number | null;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
  /** Share of outbound calls over `never` of the same scenario and seed. */
  readonly extraOutbound: number;
  readonly restarts: number;
  /** Mean of |estimated required / truth - 1| over the samples from age 2 T on; null where there is no truth. */
  readonly requiredError: number | null;
  /** Time until the TTL counted as measured; null if it never did. */
  readonly ttlKnownAfterMs: number | null;
  /** The last TTL as a share of the truth, and the furthest off it ever was while it counted as measured; null if never. */
  readonly ttlRatio: number | null;
  readonly ttlWorstRatio: number | null;
}

/** Mean allocated at so many extra outbound calls, for one way of choosing restarts, seeds averaged. */
export interface Frontier {
  readonly scenario: string;
  readonly policy: string;
  readonly points: readonly { readonly extraOutbound: number; readonly meanAllocatedBytes: number }[];
}

/** `measured`, with the default share, beside the opponents at the same extra outbound. */
export interface Gap {
  readonly scenario: string;
  readonly extraOutbound: number;
  readonly meanAllocatedBytes: number;
  readonly neverBytes: number;
  readonly optimumBytes: number;
  readonly bestUptimeBytes: number;
}

/** Memory and hit rate over time, of one run with the first seed. Columns of the same length. */
export interface Curve {
  readonly scenario: string;
  readonly policy: string;
  readonly timesMs: readonly number[];
  readonly allocatedBytes: readonly number[];
  readonly requiredBytes: readonly number[];
  readonly estimatedBytes: readonly number[];
  /** Of the requests since the point before. */
  readonly hitRate: readonly number[];
}

/** How many services with shifted daily peaks fit into one isolate of 128 MB without overrun. */
export interface DensityRow {
  readonly policy: string;
  readonly services: number;
  readonly peakBytes: number;
}
