import type { Cluster } from "../config/index.ts";
import type { HeaderList, OutboundCall, OutboundResult } from "../wasm/host/index.ts";

/** Limits of the calls that a filter makes to its authorization servers. */
export const OUTBOUND_LIMITS = {
  /** Calls under way at once in one object. Workers lets six connections wait for headers; more would stall unseen. */
  concurrentCalls: 6,
  /** Calls waiting for a place. Beyond it a flood of misses would only grow the queue that it cannot pass. */
  queuedCalls: 1_024,
  /** Bytes of one reply's body. An endless reply would otherwise fill the isolate that all services share. */
  replyBodyBytes: 256 * 1_024,
} as const;

/** Sends one request to a cluster; rejects where no answer came. `fetch` of a service binding or of the platform. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

interface Waiting {
  readonly cluster: ClusterQueue;
  readonly start: () => void;
}

interface ClusterQueue {
  readonly baseUrl: string;
  readonly send: Send;
  readonly concurrency: number;
  readonly timeoutMs: number;
  underWay: number;
}

/**
 * The outbound calls of one object: bounded in number, queued in order, each with one deadline that covers waiting and
 * answering. No call ever rejects: a failure is a value the filter can decide on.
 */
export class OutboundCalls {
  readonly #clusters = new Map<string, ClusterQueue>();
  readonly #waiting: Waiting[] = [];
  #underWay = 0;

  /**
   * @param clusters the service's authorization servers by name
   * @param sendTo how to reach each; a cluster without a way (its binding is missing) does not exist for the filter,
   *   so that our own mistake is never taken for an authorization server that is down
   */
  constructor(clusters: Readonly<Record<string, Cluster>>, sendTo: (cluster: Cluster) => Send | undefined) {
    for (const [name, cluster] of Object.entries(clusters)) {
      const send = sendTo(cluster);
      if (send === undefined) continue;
      this.#clusters.set(name, {
        baseUrl: "url" in cluster ? cluster.url : `https://${cluster.authority}`,
        send,
        concurrency: cluster.concurrency,
        timeoutMs: cluster.timeoutMs,
        underWay: 0,
      });
    }
  }

  has(name: string): boolean {
    return this.#clusters.has(name);
  }

  /** Calls that wait for one of the places. */
  get queued(): number {
    return this.#waiting.length;
  }

  call(call: OutboundCall): Promise<OutboundResult> {
    const cluster = this.#clusters.get(call.cluster);
    if (cluster === undefined) return Promise.resolve({ ok: false, reason: "rejected" });
    if (this.#waiting.length >= OUTBOUND_LIMITS.queuedCalls) return Promise.resolve({ ok: false, reason: "overflow" });

    const { promise, resolve } = Promise.withResolvers<OutboundResult>();
    const abort = new AbortController();
    let underWay = false;
    const waiting: Waiting = {
      cluster,
      start: () => {
        underWay = true;
        exchange(cluster, call, abort.signal).then(settle);
      },
    };
    // A call that never got its place failed through our own load, not the server's: that must never open a gate.
    const deadline = setTimeout(
      () => {
        abort.abort();
        settle({ ok: false, reason: underWay ? "timeout" : "overflow" });
      },
      shorterTimeout(call.timeoutMs, cluster.timeoutMs),
    );

    let settled = false;
    const settle = (result: OutboundResult): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      if (underWay) {
        cluster.underWay -= 1;
        this.#underWay -= 1;
      } else {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      }
      resolve(result);
      this.#startWaiting();
    };

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
      waiting.cluster.underWay += 1;
      this.#underWay += 1;
      waiting.start();
    }
  }
}

/** A filter may shorten the operator's deadline, never lengthen it; 0 means "none of my own" (Proxy-Wasm). */
function shorterTimeout(ofFilterMs: number, ofClusterMs: number): number {
  return ofFilterMs > 0 ? Math.min(ofFilterMs, ofClusterMs) : ofClusterMs;
}

async function exchange(cluster: ClusterQueue, call: OutboundCall, signal: AbortSignal): Promise<OutboundResult> {
  let request: { url: string; init: RequestInit };
  try {
    request = requestOf(call, cluster.baseUrl);
  } catch {
    // What a client sent can make a request that cannot be built; it must not look like a server that is down.
    return { ok: false, reason: "rejected" };
  }
  try {
    const response = await cluster.send(request.url, { ...request.init, signal });
    const body = await boundedBody(response);
    if (body === undefined) return { ok: false, reason: "rejected" };
    return { ok: true, headers: headersOf(response), body, trailers: [] };
  } catch {
    // Refused, reset, a bad reply line, our own abort: to the filter they are one thing, no answer.
    return { ok: false, reason: "reset" };
  }
}

function requestOf(call: OutboundCall, baseUrl: string): { url: string; init: RequestInit } {
  const headers = new Headers();
  let method = "GET";
  let path = "/";
  for (const [name, value] of call.headers) {
    if (name === ":method") method = value;
    else if (name === ":path") path = value;
    else if (!name.startsWith(":")) headers.append(name, value);
  }
  // Joined as text: resolving "//host/…" as a reference would let a guest choose another host.
  const url = baseUrl + path;
  const body = call.body.byteLength > 0 ? call.body : null;
  return { url, init: { method, headers, body, redirect: "manual", cache: "no-store" } };
}

function headersOf(response: Response): HeaderList {
  const headers: HeaderList = [[":status", String(response.status)]];
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") headers.push([name, value]);
  }
  for (const cookie of response.headers.getSetCookie()) headers.push(["set-cookie", cookie]);
  return headers;
}

/** The body, or undefined (and the connection given up) where it passes the limit. */
async function boundedBody(response: Response): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > OUTBOUND_LIMITS.replyBodyBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0]!;
  const body = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
