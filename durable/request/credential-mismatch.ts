import type { Service } from "../../config/index.ts";
import { workerTasks } from "../../config/worker-tasks.ts";
import type { DecideRequest, Unavailable } from "../rpc.ts";

/**
 * The answer to a Worker of another deployment that has not dealt with the credential as this configuration relies on: what no
 * one has verified is whatever the client sent. Undefined if all is done.
 */
export function credentialMismatch(
  { filterKind }: Pick<Service, "filterKind">,
  { doneInWorker }: Pick<DecideRequest, "doneInWorker">,
): Unavailable | undefined {
  if (filterKind.kind === "in-worker") {
    return mismatch("this object's configuration lets the Worker decide by credentials that it verifies");
  }
  const tasks = workerTasks(filterKind);
  const undone = tasks.filter((task) => !doneInWorker.includes(task));
  if (undone.length > 0) {
    return mismatch(
      `this object's configuration relies on the Worker, and the Worker's does not: ${undone.join(", ")}`,
    );
  }
  // A server that expects a token must not take a user's name for one.
  if (doneInWorker.includes("tell-subject") && !tasks.includes("tell-subject")) {
    return mismatch("the Worker tells the subject of a token, and this object's configuration expects the token");
  }
  return undefined;
}

function mismatch(message: string): Unavailable {
  return { kind: "unavailable", reason: "configuration_mismatch", message };
}
