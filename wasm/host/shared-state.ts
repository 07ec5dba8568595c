import { MetricRegistry } from "./metric-registry.ts";
import { SharedData } from "./shared-data.ts";
import { SharedQueues } from "./shared-queues.ts";

/** State that the filters of one service share and that outlives each of them. The embedder keeps it for its lifetime. */
export interface SharedState {
  /** Each VM id has its own shared data, as in Envoy. */
  dataOf(vmId: string): SharedData;
  /** Instances started from now on do not share data with running ones. */
  forgetDataOf(vmId: string): void;
  /** Shared queues include the VM id in their keys, since one VM may write to another's queue. */
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
