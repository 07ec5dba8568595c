import { MetricRegistry } from "./metric-registry.ts";
import { SharedData } from "./shared-data.ts";
import { SharedQueues } from "./shared-queues.ts";

/** What filters of one service share and what outlives each of them. The embedder keeps it for as long as it lives. */
export interface SharedState {
  /** Shared data is kept apart by VM id, as in Envoy. */
  dataOf(vmId: string): SharedData;
  /** Instances that start from now on share nothing with those that run. */
  forgetDataOf(vmId: string): void;
  /** Shared queues carry the VM id in their names, since one VM may write to another's. */
  readonly queues: SharedQueues;
  readonly metrics: MetricRegistry;
}

export function createSharedState(): SharedState {
  const dataByVmId = new Map<string, SharedData>();
  return {
    queues: new SharedQueues(),
    metrics: new MetricRegistry(),
    dataOf(vmId) {
      let data = dataByVmId.get(vmId);
      if (data === undefined) {
        data = new SharedData();
        dataByVmId.set(vmId, data);
      }
      return data;
    },
    forgetDataOf(vmId) {
      dataByVmId.delete(vmId);
    },
  };
}
