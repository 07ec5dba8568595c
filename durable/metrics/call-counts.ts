import { type LatencyCounts, LatencyHistogram, readLatencyCounts } from "./latency-histogram.ts";

/**
 * What became of a call to an authorization server: the class of the answer's status, or no answer. `not_sent`: the request could
 * not be built, or the platform refused it. `overflow`: no place became free in time. `held_back`: the server is known to be silent.
 * `rate_limited`: the client had more than its share.
 */
export const CALL_RESULTS = [
  "1xx",
  "2xx",
  "3xx",
  "4xx",
  "5xx",
  "timeout",
  "no_answer",
  "not_sent",
  "overflow",
  "held_back",
  "rate_limited",
] as const;

export type CallResult = (typeof CALL_RESULTS)[number];

/** Calls to one authorization server. They only grow, and survive evictions. */
export interface ClusterCalls {
  /** Only those results that occurred. */
  readonly results: Readonly<Partial<Record<CallResult, number>>>;
  /** Of calls that were answered or timed out: from the moment it was sent. */
  readonly latency: LatencyCounts;
  /** Of all that were sent: how long each waited for its place. */
  readonly wait: LatencyCounts;
}

/** Counts the calls to one server. */
export class CallCounter {
  readonly #results: Map<CallResult, number>;
  readonly #latency: LatencyHistogram;
  readonly #wait: LatencyHistogram;

  constructor(earlier?: ClusterCalls) {
    this.#results = new Map(Object.entries(earlier?.results ?? {}) as [CallResult, number][]);
    this.#latency = new LatencyHistogram(earlier?.latency);
    this.#wait = new LatencyHistogram(earlier?.wait);
  }

  started(waitedMs: number): void {
    this.#wait.add(waitedMs);
  }

  /** @param tookMs undefined if it never was sent, or nothing can be said about how long the server takes */
  ended(result: CallResult, tookMs?: number): void {
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    if (tookMs !== undefined) this.#latency.add(tookMs);
  }

  snapshot(): ClusterCalls {
    return {
      results: Object.fromEntries(this.#results),
      latency: this.#latency.snapshot(),
      wait: this.#wait.snapshot(),
    };
  }
}

/** @returns undefined if it cannot be read */
export function readClusterCalls(stored: unknown): ClusterCalls | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const { results, latency, wait } = stored as Partial<Record<keyof ClusterCalls, unknown>>;
  const latencyCounts = readLatencyCounts(latency);
  const waitCounts = readLatencyCounts(wait);
  if (latencyCounts === undefined || waitCounts === undefined || typeof results !== "object" || results === null)
    return undefined;
  const known = CALL_RESULTS.flatMap((result) => {
    const count = (results as Partial<Record<CallResult, unknown>>)[result];
    return Number.isSafeInteger(count) && (count as number) > 0 ? [[result, count] as const] : [];
  });
  return { results: Object.fromEntries(known), latency: latencyCounts, wait: waitCounts };
}

export type CallsByCluster = Readonly<Record<string, ClusterCalls>>;

/** Counts the calls of one service, by cluster. */
export class CallCounters {
  readonly #earlier: CallsByCluster;
  readonly #counters = new Map<string, CallCounter>();

  constructor(earlier: CallsByCluster = {}) {
    this.#earlier = earlier;
  }

  /** The counter of a cluster that is configured: only these are stored again. */
  to(cluster: string): CallCounter {
    const known = this.#counters.get(cluster);
    if (known !== undefined) return known;
    const counter = new CallCounter(Object.hasOwn(this.#earlier, cluster) ? this.#earlier[cluster] : undefined);
    this.#counters.set(cluster, counter);
    return counter;
  }

  snapshot(): CallsByCluster {
    return Object.fromEntries([...this.#counters].map(([cluster, counter]) => [cluster, counter.snapshot()]));
  }
}

/** Reads counts stored by this version or another. Skips those that cannot be read. */
export function readCalls(stored: unknown): CallsByCluster {
  if (typeof stored !== "object" || stored === null) return {};
  const read = Object.entries(stored).flatMap(([cluster, calls]) => {
    const counts = readClusterCalls(calls);
    return counts === undefined ? [] : [[cluster, counts] as const];
  });
  return Object.fromEntries(read);
}
