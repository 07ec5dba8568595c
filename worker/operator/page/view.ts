import type { Gates } from "../../../config/fails-open.ts";
import type { HistoryPoint } from "../../../durable/directory/history-point.ts";
import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import { isAsleep } from "../asleep.ts";
import type { Finding } from "../findings.ts";
import type { GatewayReport, ServiceEntry, WindowReport } from "../gateway-report.ts";
import type { ChosenWindow } from "./windows.ts";

/** What the page of one service is made of. The browser gets it as JSON, and makes the page's parts anew as figures come in. */
export interface ServiceData {
  readonly prefix: string;
  readonly service: string;
  readonly window: ChosenWindow;
  /** For how long the policy collects before it judges. */
  readonly collectMs: number;
  /** What findings need to know of the configuration. */
  readonly gates: { readonly services: readonly Gates[] };
  /** With this service only. */
  readonly report: GatewayReport;
  /** Oldest first; the last is the report's own. */
  readonly points: readonly HistoryPoint[];
}

/** Entries of services that have figures. */
export type ReportEntry = ServiceReport & { readonly window?: WindowReport };

export function hasFigures(entry: ServiceEntry): entry is ReportEntry {
  return "atMs" in entry;
}

/** How a service is, in one word. */
export type State = "open" | "down" | "warning" | "unknown" | "waiting" | "asleep" | "well";

export function stateOf(entry: ServiceEntry, findings: readonly Finding[], nowMs: number): State {
  if ("error" in entry) return "unknown";
  const own = findings.filter(({ service }) => service === entry.name);
  if (own.some(({ code, severity }) => code === "gate_open" && severity === "down")) return "open";
  if (own.some(({ severity }) => severity === "down")) return "down";
  if (own.some(({ severity }) => severity === "warning")) return "warning";
  if (!hasFigures(entry)) return "waiting";
  return isAsleep(entry, nowMs) ? "asleep" : "well";
}

/** Worst first. */
export const STATES: readonly State[] = ["open", "down", "unknown", "warning", "well", "asleep", "waiting"];

export const STATE_WORDS: Readonly<Record<State, string>> = {
  open: "gate open",
  down: "cannot decide",
  unknown: "not known",
  warning: "look at it",
  well: "well",
  asleep: "asleep",
  waiting: "no request yet",
};
