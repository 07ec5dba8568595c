import type { SharedState } from "../../wasm/host/index.ts";
import { CorrectedAllows } from "./corrected-allows.ts";
import type { Counters } from "./counters.ts";
import type { OutcomeCounts } from "./outcomes.ts";

type Metrics = SharedState["metrics"];

/** Counters of the built-in filter, by ours. */
const COUNTED = {
  failedOpen: "ebb_fail_open",
  coalesced: "ebb_cache_coalesced",
  stale: "ebb_cache_stale_served",
  evicted: "ebb_cache_evicted",
} as const satisfies Partial<Record<keyof Counters, string>>;

/** Gauges of the built-in filter. */
const LIVE_BYTES = "ebb_cache_live_bytes";
const ENTRIES = "ebb_cache_entries";
const CREDENTIALS = "ebb_cache_credentials";

/** Numbers that only the filter knows. It reports them as metrics, which last as long as the object is in memory. */
export class FilterMetrics {
  readonly #metrics: Metrics;
  readonly #allows: CorrectedAllows;
  /** What was added before, by metric. */
  readonly #added = new Map<string, number>();

  /** @param outcomes of the service; allows in it get their true reasons */
  constructor(metrics: Metrics, outcomes: OutcomeCounts) {
    this.#metrics = metrics;
    this.#allows = new CorrectedAllows(outcomes);
  }

  /** Adds what the filter has counted since the last call. */
  addTo(counters: Counters): void {
    const before = { stale: counters.stale, failedOpen: counters.failedOpen };
    for (const [counter, metric] of Object.entries(COUNTED) as [keyof typeof COUNTED, string][]) {
      const value = this.#metrics.value(metric) ?? 0;
      const grown = Math.max(0, value - (this.#added.get(metric) ?? 0));
      counters[counter] += grown;
      this.#added.set(metric, value);
    }
    this.#allows.correct({
      stale: counters.stale - before.stale,
      fail_open: counters.failedOpen - before.failedOpen,
    });
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
