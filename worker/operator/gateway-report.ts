import type { PointCounts } from "../../durable/directory/history-point.ts";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import type { CallResult } from "../../durable/metrics/call-counts.ts";

/** The response to GET /stats: schema 1, described by docs/stats.schema.json. */
export interface GatewayReport {
  readonly schema: 1;
  /** Version of the configuration. */
  readonly version: string;
  readonly atMs: number;
  /** What keeps the gateway from working in this environment: missing bindings, variables without a valid value. */
  readonly problems: readonly string[];
  /** Memory of the isolates that the services run in, as of the newest figures. */
  readonly isolates: readonly IsolateSnapshot[];
  readonly services: readonly ServiceEntry[];
}

/** A service without figures: it could not be asked, or has had no request yet. */
export type ServiceEntry =
  | (ServiceReport & { readonly window?: WindowReport })
  | { readonly name: string; readonly error: string }
  | { readonly name: string; readonly waitingFor: "first_request" };

/** What happened in a window of time. */
export interface WindowReport {
  /** As asked for, in ms, and the part of it for which there are figures. */
  readonly windowMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly counts: PointCounts;
  readonly hitRate: number | null;
  readonly clusters: Readonly<Record<string, WindowCalls>>;
}

export interface WindowCalls {
  readonly results: Readonly<Partial<Record<CallResult, number>>>;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly waitP95Ms: number | null;
}
