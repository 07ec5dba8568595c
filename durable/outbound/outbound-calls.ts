import { asksWithoutCredential, introspectedSubject } from "../../config/authorization-parts.ts";
import type { Cluster, Service } from "../../config/index.ts";
import type { OutboundCall, OutboundFailure, OutboundResult } from "../../wasm/host/index.ts";
import { EventLog } from "../log/events.ts";
import { type CallCounter, CallCounters, type CallResult, type ClusterCalls } from "../metrics/call-counts.ts";
import { traceOfCall } from "../request/call-trace.ts";
import { CLIENT_GROUP_ATTRIBUTE } from "../request/client-group.ts";
import { DeadlineTimer } from "../runtime/deadline-timer.ts";
import type { Adapt } from "./adapt-calls.ts";
import type { CallLoad } from "./call-load.ts";
import { CallTime } from "./call-time.ts";
import { callWithBody } from "./call-with-body.ts";
import { FailureLog } from "./failure-log.ts";
import { FairQueue } from "./fair-queue.ts";
import { Places } from "./places.ts";
import { contactOf, probe, probeTargets } from "./probe.ts";
import { PROBE_LIMITS, Prober } from "./prober.ts";
import { Reachability, type ServerState, UNREACHABLE } from "./reachability.ts";
import { type CallOutcome, type Send, sendCall } from "./send-call.ts";
import { ServersCalls } from "./server-calls.ts";
import { serverStateLog } from "./server-state-log.ts";
import { sendInTrace } from "./trace-context.ts";
import { ignoresBodyOfAllow, withoutBodyOfAllow } from "./unread-body.ts";

/** Limits of the calls that a filter makes to its authorization servers. */
export const OUTBOUND_LIMITS = {
  /**
   * Concurrent calls of one object that all use its own connections. Workers lets six of them wait for headers; more would stall
   * without notice.
   */
  sharedConnections: 6,
  /** Of these, those that are left to requests without a credential, if the server is asked about them. */
  sharedSignInConnections: 2,
  /** Concurrent calls to one server for requests without a credential, beside those of the cluster's `concurrency`. */
  signInCalls: 16,
  /** Calls waiting for a place. With a longer queue, a flood of misses would only wait longer. */
  queuedCalls: 1_024,
  /** The same for requests without a credential. */
  queuedSignInCalls: 128,
} as const;

/** Calls of one lane never wait for places of the other: anyone can send requests without a credential. */
export type CallLane = "decisions" | "sign_in";

interface Lane {
  readonly name: CallLane;
  readonly waiting: FairQueue<Waiting>;
  readonly queuedCalls: number;
  /** Of the object's own connections; undefined if the calls do not use them. */
  readonly connections: Places | undefined;
}

/** A timeout is late by at most a sixteenth. */
const TICKS_OF_TIMEOUT = 16;

/** The built-in filter's reason for a reply whose body or headers it cannot use. */
const MALFORMED_REPLY = "authorization_server_malformed";

/** Durations of probing. Tests shorten them. */
export type ProbeLimits = Readonly<Record<"intervalMs" | "timeoutMs" | "idleMs" | "silenceMs", number>>;

interface ServerCluster {
  readonly name: string;
  readonly baseUrl: string;
  readonly send: Send;
  /** Of the filter's calls. */
  readonly concurrency: number;
  readonly places: Readonly<Record<CallLane, Places>>;
  readonly calls: CallCounter;
  readonly timeoutMs: number;
  readonly deadlines: DeadlineTimer;
  readonly reachability: Reachability;
  /** Undefined for servers of other filters. */
  readonly prober: Prober | undefined;
}

interface Waiting {
  readonly cluster: ServerCluster;
  readonly lane: Lane;
  /** Undefined for a call that no client causes. */
  readonly group: string | undefined;
  readonly sinceMs: number;
  readonly start: () => void;
}

/** The state of one authorization server. */
export interface ClusterState {
  readonly state: ServerState;
  /** When it became suspected, ms since 1970; null while it answers. */
  readonly sinceMs: number | null;
  /** Probes that failed in a row. */
  readonly failedProbes: number;
  /** Most calls at once. */
  readonly concurrency: number;
  /** Calls that wait for a place, and the age of the oldest, ms; null if none waits. */
  readonly waiting: number;
  readonly oldestWaitingMs: number | null;
}

/** What /stats shows of one authorization server. */
export interface ClusterStats extends ClusterState {
  /** Calls since counting began. */
  readonly calls: ClusterCalls;
}

export interface OutboundDependencies {
  readonly service: Pick<Service, "name" | "clusters" | "filterKind">;
  /**
   * How to reach each cluster. One that cannot be reached because its binding is missing does not exist for the filter, so our
   * own mistake is never mistaken for an authorization server that is down.
   */
  readonly sendTo: (cluster: Cluster, name: string) => Send | undefined;
  /** What is done for the filter's calls, but not for probes. */
  readonly adapt?: Adapt | undefined;
  /** Whether each call has connections of its own (authorization-calls.ts). Otherwise all share those of the object. */
  readonly hasOwnConnections?: boolean;
  readonly nowMs: () => number;
  /** Whether clients of this group may cause one more call; undefined if there is no limit. */
  readonly mayCall?: ((clientGroup: string) => Promise<boolean>) | undefined;
  readonly probeLimits?: ProbeLimits | undefined;
  /** Calls of all objects in the isolate to each server. */
  readonly servers?: ServersCalls;
  /** Called when the state of a server changes. */
  readonly stateChanged?: () => void;
  /** Counts the calls. */
  readonly calls?: CallCounters;
  readonly log?: FailureLog;
  readonly events?: EventLog;
}

/**
 * The outbound calls of one object: limited in number, queued so that clients take turns, with one deadline for the wait and
 * another for the answer. A call never rejects: a failure is a value on which the filter can decide.
 */
export class OutboundCalls {
  readonly #clusters = new Map<string, ServerCluster>();
  readonly #lanes: Readonly<Record<CallLane, Lane>>;
  readonly #nowMs: () => number;
  readonly #service: OutboundDependencies["service"];
  readonly #log: FailureLog;
  readonly #mayCall: OutboundDependencies["mayCall"];
  readonly #time = new CallTime();
  /** Calls of the built-in filter change nothing on the server. */
  readonly #onlyAsks: boolean;

  constructor({
    service,
    sendTo,
    adapt = (send) => send,
    hasOwnConnections = false,
    nowMs,
    mayCall,
    probeLimits,
    servers = new ServersCalls(),
    calls = new CallCounters(),
    stateChanged = () => {},
    log,
    events = new EventLog(service.name, nowMs),
  }: OutboundDependencies) {
    this.#mayCall = mayCall;
    const shared = sharedConnections(service);
    const connections = (limit: number) => (hasOwnConnections ? undefined : new Places(limit));
    const { queuedCalls, queuedSignInCalls } = OUTBOUND_LIMITS;
    this.#lanes = {
      decisions: lane("decisions", queuedCalls, connections(shared.decisions)),
      sign_in: lane("sign_in", queuedSignInCalls, connections(shared.sign_in)),
    };
    this.#service = service;
    this.#nowMs = nowMs;
    this.#log = log ?? new FailureLog(service.name);
    this.#onlyAsks = service.filterKind.kind === "built-in";
    const targets = probeTargets(service);
    for (const [name, cluster] of Object.entries(service.clusters)) {
      const send = sendTo(cluster, name);
      if (send === undefined) continue;
      const target = targets.get(name);
      const concurrency = hasOwnConnections ? cluster.concurrency : Math.min(cluster.concurrency, shared.decisions);
      const baseUrl = "url" in cluster ? cluster.url : `https://${cluster.authority}`;
      const { intervalMs, timeoutMs, idleMs, silenceMs } = probeLimits ?? { ...PROBE_LIMITS, ...UNREACHABLE };
      const callsToServer = servers.to("url" in cluster ? cluster.url : `binding ${cluster.binding}`);
      const limits = { probes: UNREACHABLE.probes, silenceMs, stepMs: intervalMs + timeoutMs };
      const reachability = new Reachability(target?.behindBalancer, limits, callsToServer);
      const prober =
        target &&
        new Prober({
          reachability,
          nowMs,
          probe: () => probe(target, baseUrl, send, timeoutMs),
          onProbed: serverStateLog({ service, cluster: name, reachability, events, nowMs, stateChanged }),
          onRunning: (isRunning) => this.#keepPlaceForProbes(isRunning),
          intervalMs,
          idleMs,
        });
      this.#clusters.set(name, {
        name,
        baseUrl,
        send: ignoresBodyOfAllow(service)
          ? withoutBodyOfAllow(send)
          : adapt(send, { name, baseUrl, timeoutMs: cluster.timeoutMs }),
        concurrency,
        places: {
          decisions: new Places(concurrency),
          sign_in: new Places(Math.min(cluster.concurrency, OUTBOUND_LIMITS.signInCalls)),
        },
        calls: calls.to(name),
        timeoutMs: cluster.timeoutMs,
        deadlines: new DeadlineTimer(cluster.timeoutMs, TICKS_OF_TIMEOUT),
        reachability,
        prober,
      });
    }
  }

  has(name: string): boolean {
    return this.#clusters.has(name);
  }

  /** For the price of restarts. Without the wait for a place; the cluster with the fewest places counts. */
  get load(): CallLoad {
    const places = [...this.#clusters.values()].map(({ concurrency }) => concurrency);
    const concurrency = places.length === 0 ? OUTBOUND_LIMITS.sharedConnections : Math.min(...places);
    return { meanMs: this.#time.meanMs, concurrency };
  }

  /** State of each server now; its calls are counted apart. */
  get stats(): Readonly<Record<string, ClusterState>> {
    const nowMs = this.#nowMs();
    const entries = [...this.#clusters.values()].map((cluster): [string, ClusterState] => {
      const { name, reachability, concurrency } = cluster;
      const waiting = Object.values(this.#lanes).flatMap((lane) => [...lane.waiting]);
      const sinceMs = waiting.flatMap((waiting) => (waiting.cluster === cluster ? waiting.sinceMs : []));
      return [
        name,
        {
          state: reachability.state,
          sinceMs: reachability.suspectedMs ?? null,
          failedProbes: reachability.failedProbes,
          concurrency,
          waiting: sinceMs.length,
          oldestWaitingMs: sinceMs.length === 0 ? null : Math.max(0, nowMs - Math.min(...sinceMs)),
        },
      ];
    });
    return Object.fromEntries(entries);
  }

  /** Logs a reply that only the built-in filter can recognize as malformed. */
  noteRefusal(
    { details, calls }: { readonly details: string; readonly calls: number },
    cfRay: string | null = null,
  ): void {
    const { filterKind } = this.#service;
    if (details !== MALFORMED_REPLY || filterKind.kind !== "built-in") return;
    const { authorization } = filterKind;
    const subject = introspectedSubject(authorization);
    // No second call follows an unreadable first reply. With no call of its own, the request shared another's, and we do not
    // know which one.
    if (subject !== undefined && calls === 0) return;
    const { cluster } = subject !== undefined && calls === 1 ? subject : authorization;
    this.#log.note({ cluster, reason: "a reply that cannot be read", cfRay });
  }

  call(call: OutboundCall, laneName: CallLane = "decisions"): Promise<OutboundResult> {
    const lane = this.#lanes[laneName];
    const attribute = call.attributes?.[CLIENT_GROUP_ATTRIBUTE];
    const group = attribute === undefined ? undefined : String(attribute);
    if (this.#mayCall === undefined || group === undefined) return this.#queue(call, group, lane);
    return this.#mayCall(laneName === "decisions" ? group : `${laneName} ${group}`).then((may) => {
      if (may) return this.#queue(call, group, lane);
      this.#clusters.get(call.cluster)?.calls.ended("rate_limited");
      return failedAtOnce("rate_limited");
    });
  }

  /** @param group its place in the turns; calls that no client causes (those of ticks) form their own group */
  #queue(call: OutboundCall, group: string | undefined, lane: Lane): Promise<OutboundResult> {
    const cluster = this.#clusters.get(call.cluster);
    if (cluster === undefined) return failedAtOnce("rejected");
    cluster.prober?.asked();
    if (isHeldBack(cluster)) return heldBack(cluster);
    if (lane.waiting.size >= lane.queuedCalls) {
      cluster.calls.ended("overflow");
      return failedAtOnce("overflow");
    }

    const timeoutMs = shorterTimeout(call.timeoutMs, cluster.timeoutMs);
    const { promise, resolve } = Promise.withResolvers<OutboundResult>();
    const waiting: Waiting = {
      cluster,
      lane,
      group,
      sinceMs: this.#nowMs(),
      start: () => {
        cancelWait();
        this.#run(waiting, call, timeoutMs).then(resolve);
      },
    };
    // A call that never got its place failed because of our load, not the server's: that must never let requests pass.
    const cancelWait = cluster.deadlines.start(() => {
      lane.waiting.remove(waiting);
      cluster.calls.ended("overflow");
      resolve({ ok: false, reason: "overflow" });
    }, timeoutMs);
    lane.waiting.add(group ?? "", waiting);
    this.#startWaiting(lane);
    return promise;
  }

  /** Starts every waiting call that has a place; clients take turns. A cluster at its own limit does not delay the others. */
  #startWaiting(lane: Lane): void {
    const { name, connections } = lane;
    let waiting: Waiting | undefined;
    do {
      waiting = lane.waiting.take(
        ({ cluster, group }) => (connections?.hasPlaceFor(group) ?? true) && cluster.places[name].hasPlaceFor(group),
      );
      waiting?.start();
    } while (waiting !== undefined);
  }

  async #run(
    { cluster, lane, group, sinceMs }: Waiting,
    call: OutboundCall,
    timeoutMs: number,
  ): Promise<OutboundResult> {
    // The server may have fallen silent while the call waited for its place.
    if (isHeldBack(cluster)) return heldBack(cluster);
    const places = cluster.places[lane.name];
    places.take(group);
    lane.connections?.take(group);
    const startedMs = this.#nowMs();
    cluster.calls.started(startedMs - sinceMs);
    cluster.reachability.callStarted(startedMs, timeoutMs);
    const abort = new AbortController();
    // Not through a listener on the signal: listeners make the process's memory grow (abort-notice.ts).
    const { promise: timeout, resolve: passed } = Promise.withResolvers<"timeout">();
    const cancelTimeout = cluster.deadlines.start(() => {
      passed("timeout");
      abort.abort();
    }, timeoutMs);
    const trace = traceOfCall(call);
    const outcome = await Promise.race([
      sendInTrace(call, this.#onlyAsks ? trace?.context : undefined, (traced) =>
        sendCall(
          callWithBody(traced, this.#service.filterKind),
          cluster.baseUrl,
          cluster.send,
          abort.signal,
          this.#onlyAsks,
        ),
      ),
      timeout,
    ]);
    cancelTimeout();
    places.release(group);
    lane.connections?.release(group);
    const nowMs = this.#nowMs();
    if (outcome !== "timeout" && outcome.kind === "answer") this.#time.answered(nowMs - startedMs);
    const contact =
      outcome === "timeout" || outcome.kind === "silence"
        ? "silence"
        : outcome.kind === "rejected"
          ? undefined
          : contactOf(outcome.status);
    cluster.reachability.callEnded(contact, nowMs);
    // A call that could not be sent says nothing about how long the server takes.
    cluster.calls.ended(callResult(outcome), contact === undefined ? undefined : nowMs - startedMs);
    cluster.prober?.asked();
    this.#startWaiting(lane);
    return this.#resultOf(outcome, cluster, nowMs - startedMs, trace?.cfRay ?? null);
  }

  #resultOf(
    outcome: CallOutcome | "timeout",
    cluster: ServerCluster,
    tookMs: number,
    cfRay: string | null,
  ): OutboundResult | Promise<OutboundResult> {
    const failed = (reason: string, status?: number) =>
      this.#log.note({ cluster: cluster.name, reason, tookMs, cfRay, ...(status === undefined ? {} : { status }) });
    if (outcome === "timeout") {
      failed("timeout");
      return { ok: false, reason: reasonWithoutAnswer(cluster, "timeout") };
    }
    switch (outcome.kind) {
      case "silence":
        failed("no answer");
        return { ok: false, reason: reasonWithoutAnswer(cluster, "reset") };
      case "rejected":
        failed(outcome.why);
        return failedAtOnce("rejected");
      case "answer": {
        const { status, headers, body } = outcome;
        if (isUnexpected(this.#service.filterKind, status)) failed("unexpected status", status);
        const reason = contactOf(status) === "answer" ? undefined : reasonWithoutAnswer(cluster, undefined);
        return reason === undefined ? { ok: true, headers, body, trailers: [] } : { ok: false, reason };
      }
    }
  }

  /**
   * While probing runs, it takes one of the connections that calls share. Otherwise the platform could queue a probe, without
   * notice, behind clients' calls that hang, and its deadline would pass before it was sent.
   */
  #keepPlaceForProbes(isRunning: boolean): void {
    const { decisions } = this.#lanes;
    if (isRunning) {
      decisions.connections?.take(undefined);
    } else {
      decisions.connections?.release(undefined);
      this.#startWaiting(decisions);
    }
  }
}

function lane(name: CallLane, queuedCalls: number, connections: Places | undefined): Lane {
  return { name, waiting: new FairQueue(), queuedCalls, connections };
}

/** How the lanes share the object's own connections. */
function sharedConnections({ filterKind }: Pick<Service, "filterKind">): Readonly<Record<CallLane, number>> {
  const { sharedConnections: all, sharedSignInConnections } = OUTBOUND_LIMITS;
  const asks = filterKind.kind === "built-in" && asksWithoutCredential(filterKind.authorization);
  const signIn = asks ? sharedSignInConnections : 0;
  return { decisions: all - signIn, sign_in: signIn };
}

function callResult(outcome: CallOutcome | "timeout"): CallResult {
  if (outcome === "timeout") return "timeout";
  switch (outcome.kind) {
    case "silence":
      return "no_answer";
    case "rejected":
      return "not_sent";
    case "answer":
      return STATUS_CLASSES[Math.floor(outcome.status / 100) - 1] ?? "5xx";
  }
}

const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** The server is known to be silent. */
function heldBack(cluster: ServerCluster): Promise<OutboundResult> {
  cluster.calls.ended("held_back");
  return failedAtOnce(reasonWithoutAnswer(cluster, "suspended"));
}

function isHeldBack({ prober, reachability }: ServerCluster): boolean {
  return prober !== undefined && !reachability.sendsCalls;
}

/** Why there is no answer: the server's state if it has failed for long, otherwise what happened to this call. */
function reasonWithoutAnswer<Own extends OutboundFailure | undefined>(
  { prober, reachability }: ServerCluster,
  own: Own,
): OutboundFailure | Own {
  const { state } = reachability;
  return prober !== undefined && (state === "unreachable" || state === "failing") ? state : own;
}

/** Answers in a separate task: a filter that retries at once, again and again, would otherwise block the object. */
function failedAtOnce(reason: OutboundFailure): Promise<OutboundResult> {
  return new Promise((resolve) => setTimeout(() => resolve({ ok: false, reason }), 0));
}

/** A filter may shorten the operator's deadline but not lengthen it; 0 means that it sets none (Proxy-Wasm). */
function shorterTimeout(ofFilterMs: number, ofClusterMs: number): number {
  return ofFilterMs > 0 ? Math.min(ofFilterMs, ofClusterMs) : ofClusterMs;
}

/**
 * Whether the log should mention a status because it suggests a mistake (a wrong path or client secret) or a fault of the
 * server. Of the built-in protocols, only forward-auth decides by the status. Calls of other filters are not judged.
 */
function isUnexpected(filterKind: Service["filterKind"], status: number): boolean {
  if (filterKind.kind !== "built-in") return false;
  if (filterKind.authorization.protocol !== "forward-auth") return status !== 200;
  return status >= 500 || (status >= 404 && status !== 429);
}
