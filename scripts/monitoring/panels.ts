/** One question that a panel answers. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  /** `stat`: one number, red from 1 on. */
  readonly kind: "lines" | "stacked" | "stat";
  /** Grafana's name of it. */
  readonly unit: "short" | "reqps" | "bytes" | "s" | "percentunit";
  readonly max?: number;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

export interface Row {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly Panel[];
}

const CHOSEN = '{service=~"$service"}';

/**
 * Figures are told once a minute, so a rate needs several minutes whatever the interval of the scrapes: with Grafana's own
 * `$__rate_interval` it would jump between zero and too much.
 */
const OVER = "[5m]";

const rate = (name: string, labels = CHOSEN) => `rate(${name}${labels}${OVER})`;
const decided = `(${rate("ebb_requests_total")} - ${rate("ebb_refused_early_requests_total")} - ${rate("ebb_undecided_requests_total")} - ${rate("ebb_throttled_requests_total")})`;
const quantile = (share: number, name: string) =>
  `histogram_quantile(${share}, sum by (service, cluster, le) (${rate(`${name}_bucket`)}))`;
const count = (of: string) => `count(${of}) or vector(0)`;

/** The dashboard, from "is it well" to "what does it cost". */
export const PANELS: readonly Row[] = [
  {
    title: "Is it well?",
    height: 4,
    panels: [
      {
        title: "Cannot decide",
        description: "Services that are known not to decide now.",
        kind: "stat",
        unit: "short",
        queries: [{ expr: count(`ebb_service_unable_to_decide${CHOSEN} == 1`), legend: "services" }],
      },
      {
        title: "Gates open",
        description: "Services whose requests pass without a decision.",
        kind: "stat",
        unit: "short",
        queries: [{ expr: count(`ebb_gate_open${CHOSEN} == 1`), legend: "gates" }],
      },
      {
        title: "Servers not answering",
        description: "Authorization servers that probes find silent, failing or unreachable.",
        kind: "stat",
        unit: "short",
        queries: [
          {
            expr: count(
              'ebb_authorization_server_state{service=~"$service", state=~"silent|failing|unreachable"} == 1',
            ),
            legend: "servers",
          },
        ],
      },
      {
        title: "Isolates short of memory",
        description: "Isolates that ask their services to free memory.",
        kind: "stat",
        unit: "short",
        queries: [{ expr: count("ebb_isolate_short == 1"), legend: "isolates" }],
      },
      {
        title: "Environment lacks",
        description: "Bindings and variables that are missing.",
        kind: "stat",
        unit: "short",
        queries: [{ expr: "max(ebb_configuration_problems)", legend: "problems" }],
      },
      {
        title: "Only reporting",
        description: "Services that let pass what they would refuse.",
        kind: "stat",
        unit: "short",
        queries: [{ expr: count(`ebb_report_only${CHOSEN} == 1`), legend: "services" }],
      },
    ],
  },
  {
    title: "Who is refused, and why?",
    height: 8,
    panels: [
      {
        title: "Decisions by outcome",
        description: "Requests a second.",
        kind: "stacked",
        unit: "reqps",
        queries: [{ expr: `sum by (outcome) (${rate("ebb_decisions_total")})`, legend: "{{outcome}}" }],
      },
      {
        title: "Refused and undecided, by reason",
        description: "Requests a second.",
        kind: "stacked",
        unit: "reqps",
        queries: [
          {
            expr: `sum by (outcome, reason) (${rate("ebb_decisions_total", '{service=~"$service", outcome!="allowed"}')}) > 0`,
            legend: "{{outcome}}: {{reason}}",
          },
        ],
      },
      {
        title: "Passed although not allowed",
        description:
          "Requests a second that passed undecided (a gate was open) or that a report-only service would refuse.",
        kind: "stacked",
        unit: "reqps",
        queries: [
          {
            expr: `sum by (service) (${rate("ebb_failed_open_requests_total")}) > 0`,
            legend: "{{service}}: gate open",
          },
          {
            expr: `sum by (service) (${rate("ebb_report_only_requests_total")}) > 0`,
            legend: "{{service}}: only reported",
          },
        ],
      },
    ],
  },
  {
    title: "Is the authorization server slow?",
    height: 8,
    panels: [
      {
        title: "Duration of a call",
        description: "Half of the calls and 95% of them were quicker.",
        kind: "lines",
        unit: "s",
        queries: [
          { expr: quantile(0.5, "ebb_authorization_call_duration_seconds"), legend: "{{service}} {{cluster}} p50" },
          { expr: quantile(0.95, "ebb_authorization_call_duration_seconds"), legend: "{{service}} {{cluster}} p95" },
        ],
      },
      {
        title: "Wait for a place",
        description: "95% of the calls waited for less; and the calls that wait now.",
        kind: "lines",
        unit: "s",
        queries: [
          { expr: quantile(0.95, "ebb_authorization_call_wait_seconds"), legend: "{{service}} {{cluster}} p95" },
          { expr: `ebb_authorization_oldest_wait_seconds${CHOSEN} > 0`, legend: "{{service}} {{cluster}} oldest" },
        ],
      },
      {
        title: "Calls by result",
        description: "Calls a second.",
        kind: "stacked",
        unit: "reqps",
        queries: [{ expr: `sum by (result) (${rate("ebb_authorization_calls_total")}) > 0`, legend: "{{result}}" }],
      },
    ],
  },
  {
    title: "What does the cache bring?",
    height: 8,
    panels: [
      {
        title: "Hit rate",
        description: "Share of the decided requests that needed no call.",
        kind: "lines",
        unit: "percentunit",
        max: 1,
        queries: [{ expr: `${rate("ebb_hits_total")} / ${decided}`, legend: "{{service}}" }],
      },
      {
        title: "Requests and calls",
        description: "Requests a second, and calls to authorization servers.",
        kind: "lines",
        unit: "reqps",
        queries: [
          { expr: `sum(${rate("ebb_requests_total")})`, legend: "requests" },
          { expr: `sum(${rate("ebb_outbound_calls_total")})`, legend: "calls" },
          { expr: `sum(${rate("ebb_coalesced_requests_total")})`, legend: "coalesced" },
          { expr: `sum(${rate("ebb_stale_decisions_total")})`, legend: "stale" },
        ],
      },
      {
        title: "Estimated TTL",
        description: "How long decisions are cached, as seen from outside.",
        kind: "lines",
        unit: "s",
        queries: [{ expr: `ebb_ttl_seconds${CHOSEN}`, legend: "{{service}}" }],
      },
    ],
  },
  {
    title: "Does it give memory back?",
    height: 8,
    panels: [
      {
        title: "Memory of the filter",
        description: "Allocated, and the part that is estimated to be in use. Marks are restarts.",
        kind: "lines",
        unit: "bytes",
        queries: [
          { expr: `ebb_allocated_bytes${CHOSEN}`, legend: "{{service}} allocated" },
          { expr: `ebb_required_bytes${CHOSEN}`, legend: "{{service}} required" },
          { expr: `ebb_baseline_bytes${CHOSEN}`, legend: "{{service}} baseline" },
        ],
      },
      {
        title: "Memory of the isolates",
        description: "In use, left behind, and free until the hard mark.",
        kind: "stacked",
        unit: "bytes",
        queries: [
          { expr: "sum(ebb_isolate_live_bytes)", legend: "live" },
          { expr: "sum(ebb_isolate_retired_bytes) + sum(ebb_isolate_unclaimed_bytes)", legend: "retired" },
          { expr: "sum(ebb_isolate_free_bytes)", legend: "free" },
        ],
      },
      {
        title: "Restarts, traps and failed starts",
        description: "In an hour.",
        kind: "lines",
        unit: "short",
        queries: [
          { expr: `increase(ebb_restarts_total${CHOSEN}[1h])`, legend: "{{service}} restarts" },
          { expr: `increase(ebb_traps_total${CHOSEN}[1h]) > 0`, legend: "{{service}} traps" },
          { expr: `increase(ebb_failed_starts_total${CHOSEN}[1h]) > 0`, legend: "{{service}} failed starts" },
        ],
      },
    ],
  },
  {
    title: "How old are the figures?",
    height: 6,
    panels: [
      {
        title: "Age of the figures",
        description: "Up to a minute while requests come. Older: the service is asleep.",
        kind: "lines",
        unit: "s",
        queries: [{ expr: `time() - ebb_figures_timestamp_seconds${CHOSEN}`, legend: "{{service}}" }],
      },
      {
        title: "Failures of the storage",
        description: "In an hour.",
        kind: "lines",
        unit: "short",
        queries: [{ expr: `increase(ebb_storage_failures_total${CHOSEN}[1h])`, legend: "{{service}}" }],
      },
    ],
  },
];
