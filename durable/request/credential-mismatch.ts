import { asksAboutVerifiedSubject, issuersOf } from "../../config/authorization-parts.ts";
import type { Service } from "../../config/index.ts";
import type { CredentialState, DecideRequest, Unavailable } from "../rpc.ts";

/**
 * The answer to a Worker of another deployment that has not dealt with the credential as this configuration relies on. What is not
 * found or verified there is whatever the client sent. Undefined if the object may decide.
 */
export function credentialMismatch(
  { filterKind }: Pick<Service, "filterKind">,
  { credential }: Pick<DecideRequest, "credential">,
): Unavailable | undefined {
  const needed = neededState(filterKind);
  if (needed === undefined) return mismatch("this object's configuration lets the Worker decide by itself");
  if (credential === needed || (credential !== "subject" && RANK[credential] > RANK[needed])) return undefined;
  return mismatch(
    `this object's configuration relies on a credential that is ${needed}, and the Worker's is ${credential}`,
  );
}

/** One that is verified is also found; a subject is no credential. */
const RANK: Readonly<Record<CredentialState, number>> = { sent: 0, found: 1, verified: 2, subject: 3 };

/** Undefined: no filter decides. */
function neededState(filterKind: Service["filterKind"]): CredentialState | undefined {
  if (filterKind.kind === "in-worker") return undefined;
  if (filterKind.kind === "other" || !filterKind.isReadInWorker) return "sent";
  if (asksAboutVerifiedSubject(filterKind.authorization)) return "subject";
  return issuersOf(filterKind.authorization).length > 0 ? "verified" : "found";
}

function mismatch(message: string): Unavailable {
  return { kind: "unavailable", reason: "configuration_mismatch", message };
}
