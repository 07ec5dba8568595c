import { asksAboutVerifiedSubject, comparisonOf, verificationOf } from "./authorization-parts.ts";
import type { FilterKind } from "./gateway.ts";

/** What the Worker does with a credential before the object is asked about it. */
export type WorkerTask = "find" | "verify" | "compare-scopes" | "compare-claims" | "tell-subject";

const NO_TASKS: readonly WorkerTask[] = [];

/** The tasks of a service's Worker. The object relies on them: it does none of them again. */
export function workerTasks(filterKind: FilterKind): readonly WorkerTask[] {
  if (filterKind.kind !== "built-in" || !filterKind.isReadInWorker) return NO_TASKS;
  const { authorization } = filterKind;
  const { scopes, claims } = comparisonOf(authorization);
  return [
    "find",
    ...(verificationOf(authorization) === undefined ? [] : (["verify"] as const)),
    ...(scopes === "worker" ? (["compare-scopes"] as const) : []),
    ...(claims === "worker" ? (["compare-claims"] as const) : []),
    ...(asksAboutVerifiedSubject(authorization) ? (["tell-subject"] as const) : []),
  ];
}
