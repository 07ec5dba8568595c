import type { RestartOutcome } from "../../durable/instances/instance-manager.ts";
import type { RestartPlan } from "../../durable/restart/restart-plan.ts";
import type { PurgeReport } from "../../durable/service/purge-rpc.ts";

/** Outcomes of an operator's action, by service. If a service could not be asked, it has an `error`, and the status is 503. */
export interface ActionReport<Outcome> {
  readonly services: Readonly<Record<string, Outcome | { readonly error: string }>>;
}

/** `why`: the reason for no restart. */
export type RestartReport =
  | { readonly restarted: true }
  | { readonly restarted: false; readonly why: Exclude<RestartOutcome, "restarted"> }
  /** Null if no instance is in memory. */
  | { readonly plan: RestartPlan | null };

/** For how long isolates elsewhere may use what was purged, in ms. */
export type EdgePurgeReport = PurgeReport & {
  /** Allows that they keep (`cache.edgeTtlMs`). */
  readonly edgeTtlMs?: number;
  /** Credentials that they have verified. */
  readonly verifiedForMs?: number;
};
