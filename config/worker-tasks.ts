import { asksAboutVerifiedSubject, comparisonOf, isFoundByFilter, verificationOf } from "./authorization-parts.ts";
import type { FilterKind } from "./gateway.ts";

/**
 * What the Worker does with a credential before the object is asked about it. `found-none`: it has looked everywhere, and the
 * server is to be asked without one; the object relies on that of no request.
 */
export type WorkerTask = "find" | "found-none" | "verify" | "compare-scopes" | "compare-claims" | "tell-subject";

const NO_TASKS: readonly WorkerTask[] = [];

/** The tasks of a service's Worker. The object relies on them: it does none of them again. */
export function workerTasks(filterKind: FilterKind): readonly WorkerTask[] {
  if (filterKind.kind !== "built-in" || !filterKind.isReadInWorker) return NO_TASKS;
  const { authorization, credentials } = filterKind;
  const { scopes, claims } = comparisonOf(authorization);
  const isVerified = verificationOf(authorization) !== undefined;
  return [
    // Where the Worker only looks for what is missing, the filter finds what is there, also for a Worker that did not look.
    ...(isVerified || !credentials.every(isFoundByFilter) ? (["find"] as const) : []),
    ...(isVerified ? (["verify"] as const) : []),
    ...(scopes === "worker" ? (["compare-scopes"] as const) : []),
    ...(claims === "worker" ? (["compare-claims"] as const) : []),
    ...(asksAboutVerifiedSubject(authorization) ? (["tell-subject"] as const) : []),
  ];
}
