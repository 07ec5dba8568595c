import type { DirectoryQuery, DirectoryReading } from "./directory/directory-rpc.ts";
import type { DirectoryReport } from "./directory/service-report.ts";
import type { RestartOutcome } from "./instances/instance-manager.ts";
import type { ReclaimRequest } from "./memory/budget-action.ts";
import type { WorkerCounts } from "./metrics/worker-counts.ts";
import type { RestartPlan } from "./restart/restart-plan.ts";
import type { NeedsHeaders } from "./rpc.ts";
import type { PurgeReport, PurgeRequest } from "./service/purge-rpc.ts";
import type { Answer } from "./stages/staged-answer.ts";

/** RPC interface of a service's object, for the Worker and other objects of the isolate. */
export interface ServiceRpc extends Rpc.DurableObjectBranded {
  /**
   * Decides on one request. Always answers with a value; `unavailable` if there is no decision.
   *
   * @param version RPC_VERSION
   * @param ask see rpc-text.ts
   * @param trace see request-trace.ts; objects of earlier deployments ignore it
   * @param body the first bytes of the request's body, for a check that sees them (`requestBody`)
   * @returns `continue` as a text
   */
  decide(
    version: number,
    ask: string,
    trace?: string,
    body?: Uint8Array,
  ): string | Answer | NeedsHeaders | Promise<string | Answer | NeedsHeaders>;
  /**
   * Counts requests that an isolate of the Worker dealt with.
   * @throws TypeError if the version is another or a count is none
   */
  countInWorker(version: number, service: string, counts: WorkerCounts): Promise<void>;
  /** Takes the figures of a service; called on the directory by objects. Reports of another version are ignored. */
  tell(version: number, report: DirectoryReport): Promise<void>;
  /**
   * The last figures of services; called on the directory by the Worker. Wakes no other object.
   * @throws TypeError if the version is another
   */
  readDirectory(version: number, query: DirectoryQuery): Promise<DirectoryReading>;
  /** Restarts the filter in place, or says why not. */
  restart(reason?: string, cfRay?: string | null): Promise<RestartOutcome>;
  /** What `restart` would free and cost; null if no instance is in memory. */
  restartPlan(): Promise<RestartPlan | null>;
  /**
   * Drops decisions at once, of some credentials or all, in memory and in storage.
   * @throws Error if the configuration has no such service, or decisions could not be dropped
   */
  purge(request: PurgeRequest): Promise<PurgeReport>;
  /** Frees memory; called by another object of the isolate that finds the budget short. */
  reclaim(request: ReclaimRequest): Promise<void>;
  fetch(request: Request): Promise<Response>;
}
