import type { FamilyType } from "./exposition.ts";

/** A metric, described once: for Prometheus, and for docs/metrics.md. */
interface Description {
  readonly type: Exclude<FamilyType, "untyped">;
  readonly labels: readonly string[];
  readonly help: string;
  /**
   * It says what is true now, so it is left out when the newest figures are older than three minutes: the object is then
   * most likely not in memory.
   */
  readonly isState?: true;
}

const SERVICE = ["service"] as const;
const CLUSTER = ["service", "cluster"] as const;
const ISOLATE = ["isolate"] as const;

const counter = (help: string, labels: readonly string[] = SERVICE): Description => ({ type: "counter", labels, help });
const gauge = (help: string, labels: readonly string[] = SERVICE): Description => ({ type: "gauge", labels, help });
const state = (help: string, labels: readonly string[] = SERVICE): Description => ({
  type: "gauge",
  labels,
  help,
  isState: true,
});
const histogram = (help: string): Description => ({ type: "histogram", labels: CLUSTER, help });

/** Every metric of the gateway. Those of the filters themselves begin with `ebb_filter_`, as no name here does. */
export const FAMILIES = {
  ebb_configuration_info: gauge("Always 1; the label has the version of the Worker's configuration.", ["version"]),
  ebb_configuration_problems: gauge("Bindings and variables that this environment lacks.", []),

  ebb_figures_timestamp_seconds: gauge(
    "When the figures of the service were true. They are told once a minute while requests come.",
  ),
  ebb_counts_since_timestamp_seconds: gauge(
    "When the service's counters began. It changes only if stored counts were lost.",
  ),
  ebb_counts_stored_timestamp_seconds: gauge("When the service's counters were stored."),
  ebb_service_unable_to_decide: gauge(
    "1 while requests that no cached decision answers are known to be refused for want of a decision.",
  ),
  ebb_gate_open: gauge("1 while requests are known to pass without a decision, by gate: failOpen or failurePolicy.", [
    "service",
    "gate",
  ]),
  ebb_report_only: gauge("1 while the service lets pass what it would refuse (enforcement)."),
  ebb_mostly_misses: state("1 if nearly every request asks the authorization server although its replies may be kept."),

  ebb_requests_total: counter("Requests that asked for a decision."),
  ebb_decisions_total: counter(
    "Requests by what became of them, and why. Undecided ones only with reasons that occurred.",
    ["service", "outcome", "reason"],
  ),
  ebb_hits_total: counter("Requests answered from a cached decision, without a call."),
  ebb_isolate_hits_total: counter("Of the hits, those that a Worker's isolate answered without asking the object."),
  ebb_verified_requests_total: counter("Requests decided by a token or key that the Worker verified."),
  ebb_coalesced_requests_total: counter("Requests that waited for the call of another request."),
  ebb_stale_decisions_total: counter(
    "Requests allowed by an expired decision because the authorization server failed (staleIfErrorMs).",
  ),
  ebb_refused_early_requests_total: counter(
    "Requests refused before a decision was looked for, such as those without a valid credential.",
  ),
  ebb_throttled_requests_total: counter(
    "Requests answered 429: the client had too many waiting, or exceeded the rate limit.",
  ),
  ebb_undecided_requests_total: counter("Requests answered 503 for want of a decision."),
  ebb_failed_open_requests_total: counter("Requests that passed without a decision because a gate was open."),
  ebb_report_only_requests_total: counter("Requests that passed although they would be refused (enforcement)."),
  ebb_refused_in_stages_total: counter(
    "Requests whose body or response the filter refused after it had decided on the head.",
  ),
  ebb_failures_in_stages_total: counter("Bodies and responses for which the filter failed."),
  ebb_unserved_calls_total: counter(
    "Calls of the filter for what the gateway does not have: a cluster, gRPC, a foreign function. It may let requests pass then.",
  ),
  ebb_evicted_decisions_total: counter("Cached decisions evicted to make room for others."),
  ebb_purges_total: counter("Purges of cached decisions, of one credential or of all."),

  ebb_outbound_calls_total: counter("Calls to authorization servers."),
  ebb_replies_not_kept_total: counter("Replies to them that forbade to keep the decision (Cache-Control)."),
  ebb_authorization_calls_total: counter(
    "Calls to an authorization server by result: the class of the status, or why there is none.",
    ["service", "cluster", "result"],
  ),
  ebb_authorization_call_duration_seconds: histogram(
    "Time until the answer or timeout of a call to the authorization server.",
  ),
  ebb_authorization_call_wait_seconds: histogram("Time that a call waited for its place before it was sent."),
  ebb_authorization_calls_waiting: state("Calls that wait for a place.", CLUSTER),
  ebb_authorization_oldest_wait_seconds: state("Age of the oldest waiting call; 0 if none waits.", CLUSTER),
  ebb_authorization_concurrent_calls_limit: gauge("Most calls to the authorization server at once.", CLUSTER),
  ebb_authorization_server_state: state(
    "1 for the state of the authorization server according to probes, 0 for the others.",
    ["service", "cluster", "state"],
  ),
  ebb_authorization_failed_probes: state("Probes that failed in a row.", CLUSTER),

  ebb_allocated_bytes: state("Linear memory of the filter. It only grows, until a restart."),
  ebb_required_bytes: gauge("The part of it that is estimated to be in use."),
  ebb_required_lower_bytes: gauge("Lower end of that estimate; missing while nothing is estimated."),
  ebb_required_upper_bytes: gauge("Upper end of that estimate; missing while nothing is estimated."),
  ebb_surplus_bytes: state("The rest of the linear memory."),
  ebb_baseline_bytes: gauge("Size to which a fresh instance is expected to grow back."),
  ebb_live_bytes: state("Live decisions as counted by the built-in filter; missing for other filters."),
  ebb_ttl_seconds: gauge("How long the filter caches a decision, as estimated from outside."),
  ebb_restarts_total: counter("Restarts of the filter."),
  ebb_last_restart_timestamp_seconds: gauge("When the filter was last restarted; missing before the first time."),
  ebb_traps_total: counter("Traps of the running filter."),
  ebb_failed_starts_total: counter("Starts of the filter that failed."),
  ebb_generation_start_timestamp_seconds: gauge("When the newest instance of the filter started."),
  ebb_open_streams: state("Waiting requests and streaming bodies in the current instance."),
  ebb_storage_failures_total: counter("Failed reads and writes of the object's storage, in this life of the object."),
  ebb_left_out_filter_metrics: gauge(
    "Metrics of the filter that are not shown because it has too many, or their names are the same here.",
  ),

  ebb_isolate_info: state("Always 1; tells which isolate a service runs in. Its services share 128 MB.", [
    "service",
    "isolate",
  ]),
  ebb_isolate_live_bytes: state("Linear memory in use by the filters of an isolate.", ISOLATE),
  ebb_isolate_retired_bytes: state(
    "Linear memory that replaced filters have left and that is not known to be collected.",
    ISOLATE,
  ),
  ebb_isolate_unclaimed_bytes: state(
    "Linear memory that evicted objects have left and that is not known to be collected.",
    ISOLATE,
  ),
  ebb_isolate_free_bytes: state("Memory left until the hard mark.", ISOLATE),
  ebb_isolate_high_bytes: state("The mark above which services are asked to restart (memory.highBytes).", ISOLATE),
  ebb_isolate_hard_bytes: state("The mark above which requests wait for memory (memory.hardBytes).", ISOLATE),
  ebb_isolate_edge_bytes: state("Decisions and verified credentials that the Worker keeps in this isolate.", ISOLATE),
  ebb_isolate_short: state("1 while the isolate asks its services to free memory.", ISOLATE),
  ebb_isolate_collections_total: { ...counter("Garbage collections that were forced.", ISOLATE), isState: true },
  ebb_isolate_freed_bytes_total: { ...counter("Linear memory that they freed.", ISOLATE), isState: true },
} as const satisfies Record<string, Description>;

export type FamilyName = keyof typeof FAMILIES;

export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];

export function describe(name: FamilyName): Description {
  return FAMILIES[name];
}

/** The filters' own metrics begin with it. */
export const FILTER_PREFIX = "ebb_filter_";
