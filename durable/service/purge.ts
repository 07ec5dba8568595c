import type { SharedState } from "../../wasm/host/index.ts";
import type { InstanceManager } from "../instances/instance-manager.ts";
import type { EventLog } from "../log/events.ts";
import type { Counters } from "../metrics/counters.ts";
import type { PersistedDecisions } from "../persistence/persisted-decisions.ts";
import type { StaleJournal } from "../persistence/stale-journal.ts";
import type { ServiceStateStore } from "../storage/service-state.ts";
import type { PurgeReport } from "./purge-rpc.ts";

export interface PurgeDependencies {
  /** Name of the service. */
  readonly name: string;
  readonly instances: InstanceManager;
  readonly counters: Counters;
  /** Undefined if decisions are not persisted. */
  readonly persistedDecisions: PersistedDecisions | undefined;
  readonly staleJournal: StaleJournal | undefined;
  readonly shared: SharedState;
  readonly store: ServiceStateStore;
  /** Whether the filter can purge. */
  readonly handsOver: boolean;
  readonly log: EventLog;
  /** Called when the purge is counted. */
  readonly counted: () => void;
}

/**
 * Drops the decisions of some credentials or all at once. Checks in progress are repeated. Once the promise is fulfilled, neither
 * storage nor another life of the object can bring the decisions back. A filter that cannot purge is replaced, and its shared
 * data is dropped; requests that wait in it are still answered from the replies to its own calls.
 *
 * @throws Error if a filter that cannot purge does not start again, or if the storage refuses
 */
export async function purge(
  dependencies: PurgeDependencies,
  credentials?: readonly string[],
  cfRay: string | null = null,
): Promise<PurgeReport> {
  const { counters, counted, log } = dependencies;
  counters.purges += 1;
  counted();
  const scope = { credentials: credentials?.length ?? null };
  try {
    const report = await drop(dependencies, credentials, cfRay);
    log.write("purge", { ...scope, ...report, error: null }, cfRay);
    return report;
  } catch (error) {
    log.write("purge", { ...scope, purged: null, stored: null, error: String(error) }, cfRay);
    throw error;
  }
}

async function drop(
  { name, instances, persistedDecisions, staleJournal, shared, store, handsOver }: PurgeDependencies,
  credentials: readonly string[] | undefined,
  cfRay: string | null,
): Promise<PurgeReport> {
  // A restore in progress could bring back decisions purged before it finished.
  const restoring = persistedDecisions?.restoring;
  if (restoring !== undefined) await restoring;
  // Do not await between these lines: a request in between would restore decisions and miss both purges.
  const stored = persistedDecisions?.hasStored ?? false;
  if (!handsOver) {
    // Such a filter may keep decisions in shared data. The replaced instance continues to write to its own copy.
    shared.forgetDataOf(name);
    store.forgetSharedData(shared.dataOf(name));
  }
  const purged = instances.purge(credentials, cfRay);
  await persistedDecisions?.purge(credentials);
  await staleJournal?.remove();
  return { purged: handsOver ? (purged ?? null) : null, stored };
}
