import type { Service } from "../../config/index.ts";
import type { DecideRequest, Unavailable } from "../rpc.ts";

/**
 * The answer to a Worker of another deployment that has not dealt with the credential as this configuration relies on: such a
 * credential is whatever the client sent. Undefined if there is no difference.
 */
export function credentialMismatch(
  { filterKind }: Pick<Service, "filterKind">,
  { credentialIsTold }: Pick<DecideRequest, "credentialIsTold">,
): Unavailable | undefined {
  if (filterKind.kind === "in-worker") {
    return mismatch("this object's configuration lets the Worker decide by credentials that it verifies");
  }
  if (filterKind.kind === "built-in" && filterKind.isReadInWorker && !credentialIsTold) {
    return mismatch("this object's configuration relies on the Worker for the credential, and the Worker's does not");
  }
  return undefined;
}

function mismatch(message: string): Unavailable {
  return { kind: "unavailable", reason: "configuration_mismatch", message };
}
