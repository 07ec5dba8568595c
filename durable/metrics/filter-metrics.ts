import type { SharedState } from "../../wasm/host/index.ts";
import type { Counters } from "./counters.ts";

type Metrics = SharedState["metrics"];

/** Metrics that the built-in filter sets (docs/stats.md). */
const FAILED_OPEN = "ebb_fail_open";
const LIVE_BYTES = "ebb_cache_live_bytes";
const ENTRIES = "ebb_cache_entries";
const CREDENTIALS = "ebb_cache_credentials";

/** Numbers that only the filter knows. It reports them as metrics, which last as long as the object is in memory. */
export class FilterMetrics {
  readonly #metrics: Metrics;
  #failedOpen = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Adds the requests that the filter passed undecided since the last call. */
  addTo(counters: Counters): void {
    const failedOpen = this.#metrics.value(FAILED_OPEN) ?? 0;
    counters.failedOpen += Math.max(0, failedOpen - this.#failedOpen);
    this.#failedOpen = failedOpen;
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
