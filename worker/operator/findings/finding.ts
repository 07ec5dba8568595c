/**
 * What can be wrong, worst first. docs/findings.md has a section for each, with what to do in full. The names are stable:
 * scripts and alerts may compare them.
 */
export const FINDING_CODES = [
  "gateway_problem",
  "gate_open",
  "not_asked",
  "filter_not_starting",
  "server_unreachable",
  "server_silent",
  "server_failing",
  "filter_paused",
  "undecided_often",
  "asks_in_vain",
  "budget_short",
  "calls_waiting",
  "server_slow",
  "trapped",
  "storage_failing",
  "counts_not_stored",
  "decisions_not_stored",
  "restarts_often",
  "memory_not_collected",
  "mostly_misses",
  "report_only",
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** `down`: requests are refused or pass undecided now. `warning`: they soon may be, or it costs. `note`: good to know. */
export type Severity = "down" | "warning" | "note";

export const SEVERITIES: readonly Severity[] = ["down", "warning", "note"];

export interface Finding {
  /** Null: it concerns the whole gateway, or the services that the text names. */
  readonly service: string | null;
  readonly severity: Severity;
  readonly code: FindingCode;
  /** One or two sentences. May hold names from the configuration and messages of the filter: escape it. */
  readonly text: string;
  /** What the operator can do. */
  readonly todo: string;
  /** The section that says more, relative to the repository. */
  readonly docs: string;
  /** When the figures that say so were true, ms since 1970. */
  readonly atMs: number;
}

/** When a figure is worth a finding. */
export const THRESHOLDS = {
  /**
   * An object that is awake tells its figures once a minute. After this time without any, a state that could have ended is not
   * known to last.
   */
  freshMs: 180_000,
  /** Share of requests without a decision: of a warning, and of an outage; fewer undecided requests than this are an accident. */
  undecidedShare: 0.01,
  undecidedShareDown: 0.5,
  undecidedRequests: 5,
  /** A client waits this long for one request in twenty; fewer calls say nothing. */
  slowP95Ms: 1_000,
  slowCalls: 20,
  /** A call has waited this long for its place. */
  waitingMs: 1_000,
  /** At least so many restarts, of which each took less than this time on average. The operator's own do not count. */
  restarts: 3,
  msForEachRestart: 10 * 60_000,
  /** Traps and failures of the storage are reported for this long. */
  recentMs: 60 * 60_000,
  /** Counts are stored once a minute, unless the storage fails. */
  unstoredMs: 5 * 60_000,
  /** A report-only mode that ends this soon is a warning. */
  reportOnlyEndsMs: 24 * 60 * 60_000,
} as const;

export function finding(code: FindingCode, fields: Omit<Finding, "code" | "docs">): Finding {
  return { ...fields, code, docs: `docs/findings.md#${code}` };
}
