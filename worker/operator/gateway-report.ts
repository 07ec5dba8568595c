import type { PointCounts } from "../../durable/directory/history-point.ts";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import type { CallResult } from "../../durable/metrics/call-counts.ts";

/** What the operator's pages show; GET /stats is a shorter form of it (stats-response.ts). */
export interface GatewayReport {
  readonly schema: 1;
  /** Version of the configuration. */
  readonly version: string;
  /** When the gateway answered; the figures of each service have a time of their own. */
  readonly atMs: number;
  /** What keeps the gateway from working in this environment: missing bindings, variables without a valid value. */
  readonly problems: readonly string[];
  /** Memory of the isolates that the services run in, as of the newest figures. */
  readonly isolates: readonly IsolateSnapshot[];
  /** In the order of the configuration. */
  readonly services: readonly ServiceEntry[];
}

export type ServiceEntry = ReportedService | FailedService | UnusedService;

/** The figures of a service. */
export interface ReportedService extends ServiceReport {
  /** Only with `window`. */
  readonly window?: WindowReport;
}

/** A service without figures, and why. */
export interface FailedService {
  readonly name: string;
  /** In words, with the way out where there is one. */
  readonly error: string;
}

/** A service that has had no request yet. */
export interface UnusedService {
  readonly name: string;
  readonly waitingFor: "first_request";
}

/** What happened in a window of time. */
export interface WindowReport {
  /** As asked for, in ms. */
  readonly windowMs: number;
  /** The part of it for which there are figures. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly counts: PointCounts;
  /** As a share of the requests that got a decision, 0 to 1; null without any. */
  readonly hitRate: number | null;
  readonly clusters: Readonly<Record<string, WindowCalls>>;
}

/** Calls to one authorization server. Quantiles are interpolated in the buckets of the histogram; null without a call. */
export interface WindowCalls {
  readonly results: Readonly<Partial<Record<CallResult, number>>>;
  /** So long took half of the calls at most, and 95 % of them, from sending to the head of the answer. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** So long waited 95 % of the calls at most for a free place. */
  readonly waitP95Ms: number | null;
}
