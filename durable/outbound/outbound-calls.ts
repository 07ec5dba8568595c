import type { Cluster } from "../../config/index.ts";
import type { OutboundCall, OutboundFailure, OutboundResult } from "../../wasm/host/index.ts";
import { CallTime } from "./call-time.ts";
import { type Exchange, exchange, type Send } from "./exchange.ts";
import { Reachability } from "./reachability.ts";

/** Limits of the calls that a filter makes to its authorization servers. */
export const OUTBOUND_LIMITS = {
  /** Calls under way at once in one object. Workers lets six connections wait for headers; more would stall unseen. */
  concurrentCalls: 6,
  /** Calls waiting for a place. Beyond it a flood of misses would only grow the queue that it cannot pass. */
  queuedCalls: 1_024,
} as const;

interface ClusterState {
  readonly baseUrl: string;
  readonly send: Send;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly reachability: Reachability;
  underWay: number;
}

interface Waiting {
  readonly cluster: ClusterState;
  readonly start: () => void;
}

/**
 * The outbound calls of one object: bounded in number, queued in order, with one deadline for the wait and another for
 * the answer. No call ever rejects: a failure is a value the filter can decide on.
 */
export class OutboundCalls {
  readonly #clusters = new Map<string, ClusterState>();
  readonly #waiting: Waiting[] = [];
  readonly #nowMs: () => number;
  readonly #time = new CallTime();
  #underWay = 0;

  /**
   * @param clusters the service's authorization servers by name
   * @param sendTo how to reach each; a cluster without a way (its binding is missing) does not exist for the filter,
   *   so that our own mistake is never taken for an authorization server that is down
   */
  constructor(
    clusters: Readonly<Record<string, Cluster>>,
    sendTo: (cluster: Cluster) => Send | undefined,
    nowMs: () => number,
  ) {
    this.#nowMs = nowMs;
    for (const [name, cluster] of Object.entries(clusters)) {
      const send = sendTo(cluster);
      if (send === undefined) continue;
      this.#clusters.set(name, {
        baseUrl: "url" in cluster ? cluster.url : `https://${cluster.authority}`,
        send,
        concurrency: cluster.concurrency,
        timeoutMs: cluster.timeoutMs,
        reachability: new Reachability(),
        underWay: 0,
      });
    }
  }

  has(name: string): boolean {
    return this.#clusters.has(name);
  }

  /** How long an answered call takes in the mean, without the wait for its place; 0 while unknown. */
  get meanCallMs(): number {
    return this.#time.meanMs;
  }

  call(call: OutboundCall): Promise<OutboundResult> {
    const cluster = this.#clusters.get(call.cluster);
    if (cluster === undefined) return failedAtOnce("rejected");
    if (this.#waiting.length >= OUTBOUND_LIMITS.queuedCalls) return failedAtOnce("overflow");

    const timeoutMs = shorterTimeout(call.timeoutMs, cluster.timeoutMs);
    const { promise, resolve } = Promise.withResolvers<OutboundResult>();
    const waiting: Waiting = {
      cluster,
      start: () => {
        clearTimeout(waitDeadline);
        this.#run(cluster, call, timeoutMs).then(resolve);
      },
    };
    // A call that never got its place failed through our own load, not the server's: that must never open a gate.
    const waitDeadline = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      resolve({ ok: false, reason: "overflow" });
    }, timeoutMs);
    this.#waiting.push(waiting);
    this.#startWaiting();
    return promise;
  }

  /** Starts every waiting call that has a place, in order; a cluster at its own limit does not hold up the others. */
  #startWaiting(): void {
    for (let index = 0; index < this.#waiting.length && this.#underWay < OUTBOUND_LIMITS.concurrentCalls; ) {
      const waiting = this.#waiting[index]!;
      if (waiting.cluster.underWay >= waiting.cluster.concurrency) {
        index += 1;
        continue;
      }
      this.#waiting.splice(index, 1);
      waiting.start();
    }
  }

  async #run(cluster: ClusterState, call: OutboundCall, timeoutMs: number): Promise<OutboundResult> {
    cluster.underWay += 1;
    this.#underWay += 1;
    const startedMs = this.#nowMs();
    const abort = new AbortController();
    const deadline = setTimeout(() => abort.abort(), timeoutMs);
    const ended = await Promise.race([
      exchange(call, cluster.baseUrl, cluster.send, abort.signal),
      aborted(abort.signal),
    ]);
    clearTimeout(deadline);
    cluster.underWay -= 1;
    this.#underWay -= 1;
    this.#startWaiting();
    if (ended !== "timeout" && ended.kind === "answer") this.#time.answered(this.#nowMs() - startedMs);
    return ended !== "timeout" && ended.kind === "rejected" ? failedAtOnce("rejected") : this.#resultOf(ended, cluster);
  }

  #resultOf(
    ended: Exclude<Exchange, { kind: "rejected" }> | "timeout",
    { reachability }: ClusterState,
  ): OutboundResult {
    if (ended === "timeout") return this.#silence(reachability, "timeout");
    switch (ended.kind) {
      case "silence":
        return this.#silence(reachability, "reset");
      case "answer": {
        const { status, headers, body } = ended;
        if (!isAnswerOfProxy(status)) {
          reachability.answered();
        } else if (this.#silence(reachability, "reset").reason === "unreachable") {
          return { ok: false, reason: "unreachable" };
        }
        return { ok: true, headers, body, trailers: [] };
      }
    }
  }

  #silence(reachability: Reachability, reason: OutboundFailure): { ok: false; reason: OutboundFailure } {
    const nowMs = this.#nowMs();
    reachability.failed(nowMs);
    return { ok: false, reason: reachability.isUnreachable(nowMs) ? "unreachable" : reason };
  }
}

/** Told in a turn of its own: a filter that asks again at once, and again, would let nothing else run in the object. */
function failedAtOnce(reason: "rejected" | "overflow"): Promise<OutboundResult> {
  return new Promise((resolve) => setTimeout(() => resolve({ ok: false, reason }), 0));
}

/** A filter may shorten the operator's deadline, never lengthen it; 0 means "none of my own" (Proxy-Wasm). */
function shorterTimeout(ofFilterMs: number, ofClusterMs: number): number {
  return ofFilterMs > 0 ? Math.min(ofFilterMs, ofClusterMs) : ofClusterMs;
}

/** Statuses by which proxies in between (the last ones Cloudflare's) say that the server itself did not answer. */
function isAnswerOfProxy(status: number): boolean {
  return (status >= 502 && status <= 504) || (status >= 520 && status <= 527) || status === 530;
}

function aborted(signal: AbortSignal): Promise<"timeout"> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("timeout"), { once: true }));
}
