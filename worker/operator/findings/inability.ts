import { failsOpen, type Gates } from "../../../config/fails-open.ts";
import type { ServiceReport } from "../../../durable/directory/service-report.ts";
import type { ServerState } from "../../../durable/outbound/reachability.ts";
import type { ServiceEntry } from "../gateway-report.ts";
import { THRESHOLDS } from "./finding.ts";

/**
 * A known reason why requests get no decision by the authorization server or filter now. Decisions that are cached are still
 * given.
 */
export type Inability = {
  /** Requests pass undecided because of it. */
  readonly isOpen: boolean;
  /**
   * Requests would pass undecided if this lasts, or do already. What becomes of it must not be shown to anyone: an end of the
   * inability could mean that the gate has opened.
   */
  readonly mayOpen: boolean;
} & (
  | { readonly kind: "not_asked"; readonly error: string }
  | { readonly kind: "filter_not_starting" }
  | { readonly kind: "filter_paused"; readonly untilMs: number }
  | { readonly kind: "server"; readonly cluster: string; readonly state: ServerState }
);

const DAY_MS = 86_400_000;

/** Calls are held back, or get no useful answer. */
const CANNOT_DECIDE: ReadonlySet<ServerState> = new Set(["silent", "failing", "unreachable"]);

/**
 * What keeps a service from deciding according to its figures, old or new.
 *
 * @param service undefined if this configuration does not have it
 */
export function inabilities(entry: ServiceEntry, service: Gates | undefined, nowMs: number): Inability[] {
  if ("error" in entry) return [{ kind: "not_asked", error: entry.error, isOpen: false, mayOpen: false }];
  if ("waitingFor" in entry) return [];
  const servers = Object.entries(entry.clusters).flatMap(([cluster, { state }]): Inability[] => {
    if (!CANNOT_DECIDE.has(state)) return [];
    const mayOpen = service !== undefined && failsOpen(service);
    return [{ kind: "server", cluster, state, mayOpen, isOpen: mayOpen && state === "unreachable" }];
  });
  return [...ofFilter(entry, service, nowMs), ...servers];
}

function ofFilter(
  { failedStart, failurePolicy, nextStartAtMs }: ServiceReport,
  service: Gates | undefined,
  nowMs: number,
): Inability[] {
  const isOpen = failurePolicy === "open";
  // During a deployment the object's policy may be another one.
  const mayOpen = isOpen || service?.failurePolicy === "open";
  if (failedStart !== null) return [{ kind: "filter_not_starting", mayOpen, isOpen }];
  if (nextStartAtMs === null || nextStartAtMs <= nowMs) return [];
  // After a trap no request passes, whatever the policy.
  return [{ kind: "filter_paused", untilMs: nextStartAtMs, mayOpen, isOpen: false }];
}

/** Whether the figures of a service are new enough to say what is true now. */
export function isFresh({ atMs }: Pick<ServiceReport, "atMs">, nowMs: number): boolean {
  return nowMs - atMs <= THRESHOLDS.freshMs;
}

/** Whether refused and undecided requests pass, because the service only reports, up to the end of a day in UTC. */
export function onlyReports({ enforcement }: Pick<ServiceReport, "enforcement">, nowMs: number): boolean {
  return enforcement.mode === "report-only" && nowMs < Date.parse(enforcement.until) + DAY_MS;
}

/** Of these, what is known to be true now. */
export function currentInabilities(entry: ServiceEntry, service: Gates | undefined, nowMs: number): Inability[] {
  return "atMs" in entry && !isFresh(entry, nowMs) ? [] : inabilities(entry, service, nowMs);
}

/** Whether requests of this service that no cached decision answers are refused now for want of a decision. */
export function isUnableToDecide(entry: ServiceEntry, service: Gates | undefined, nowMs: number): boolean {
  if ("atMs" in entry && onlyReports(entry, nowMs)) return false;
  return currentInabilities(entry, service, nowMs).some(({ isOpen }) => !isOpen);
}
