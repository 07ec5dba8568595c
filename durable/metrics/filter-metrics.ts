import type { SharedState } from "../../wasm/host/index.ts";
import type { Counters } from "./counters.ts";
import { correctAllows, type OutcomeCounts } from "./outcomes.ts";

type Metrics = SharedState["metrics"];

/** Counters of the built-in filter, by ours. */
const COUNTED = {
  failedOpen: "ebb_fail_open",
  coalesced: "ebb_cache_coalesced",
  stale: "ebb_cache_stale_served",
  evicted: "ebb_cache_evicted",
} as const satisfies Partial<Record<keyof Counters, string>>;

/** Those that are allows for another reason than the calls before them let one think. */
const ALLOWS = { failedOpen: "fail_open", stale: "stale" } as const;

/** Gauges of the built-in filter. */
const LIVE_BYTES = "ebb_cache_live_bytes";
const ENTRIES = "ebb_cache_entries";
const CREDENTIALS = "ebb_cache_credentials";

/** Numbers that only the filter knows. It reports them as metrics, which last as long as the object is in memory. */
export class FilterMetrics {
  readonly #metrics: Metrics;
  /** What was added before, by metric. */
  readonly #added = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Adds what the filter has counted since the last call. */
  addTo(counters: Counters, outcomes: OutcomeCounts): void {
    for (const [counter, metric] of Object.entries(COUNTED) as [keyof typeof COUNTED, string][]) {
      const value = this.#metrics.value(metric) ?? 0;
      const grown = Math.max(0, value - (this.#added.get(metric) ?? 0));
      counters[counter] += grown;
      if (counter === "failedOpen" || counter === "stale") correctAllows(outcomes, ALLOWS[counter], grown);
      this.#added.set(metric, value);
    }
  }

  /** Bytes of live decisions as of the filter's last tick; undefined if it does not report them. */
  get liveBytes(): number | undefined {
    return this.#metrics.value(LIVE_BYTES);
  }

  /** Cached decisions for each credential that has any, to a tenth, as of the last tick; undefined while there are none. */
  get entriesPerCredential(): number | undefined {
    const credentials = this.#metrics.value(CREDENTIALS) ?? 0;
    if (credentials === 0) return undefined;
    return Math.round((10 * (this.#metrics.value(ENTRIES) ?? 0)) / credentials) / 10;
  }
}
