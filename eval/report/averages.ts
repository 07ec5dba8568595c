import { average } from "./average.ts";
import {
  isHeldToOptimum,
  measuredBytes,
  measuredExtra,
  neverBytes,
  overOptimum,
  overUptime,
  type PolicySummary,
  type ScenarioSummary,
  savedShare,
} from "./summary.ts";
import { isKnown } from "./text.ts";

/** Means over scenarios. Each share is the mean of the scenarios' shares, not the share of the mean bytes. */
export interface Averages {
  readonly label: string;
  readonly scenarios: number;
  readonly neverBytes: number;
  readonly measuredBytes: number;
  readonly measuredExtra: number;
  readonly measuredRestarts: number;
  readonly ratioBytes: number;
  readonly ratioExtra: number;
  readonly ratioRestarts: number;
  readonly uptimeBytes: number;
  readonly optimumBytes: number;
  readonly savedShare: number;
  readonly overOptimum: number;
  readonly overUptime: number;
}

/** One group for each guest, with or without handover and eviction; then one for all scenarios held to the optimum. */
export function averagesOf(summaries: readonly ScenarioSummary[]): Averages[] {
  const compared = summaries.filter((summary) => isKnown(measuredBytes(summary)));
  if (compared.length === 0) return [];
  const groups = [...Map.groupBy(compared, groupOf)].map(([label, group]) => averageOf(label, group));
  const all = averageOf("all compared", compared.filter(isHeldToOptimum));
  return groups.length > 1 ? [...groups, all] : [all];
}

export function averageOf(label: string, summaries: readonly ScenarioSummary[]): Averages {
  const mean = (pick: (summary: ScenarioSummary) => number | undefined) => average(summaries.map(pick));
  const ratio = (pick: (policy: PolicySummary) => number) =>
    mean(({ policies }) => {
      const policy = policies.get("ratio");
      return policy && pick(policy);
    });
  return {
    label,
    scenarios: summaries.length,
    neverBytes: mean(neverBytes),
    measuredBytes: mean(measuredBytes),
    measuredExtra: mean(measuredExtra),
    measuredRestarts: mean(({ policies }) => policies.get("measured")?.restarts),
    ratioBytes: ratio(({ meanAllocatedBytes }) => meanAllocatedBytes),
    ratioExtra: ratio(({ extraOutbound }) => extraOutbound),
    ratioRestarts: ratio(({ restarts }) => restarts),
    uptimeBytes: mean(({ gap }) => gap?.bestUptimeBytes),
    optimumBytes: mean(({ gap }) => gap?.optimumBytes),
    savedShare: mean(savedShare),
    overOptimum: mean(overOptimum),
    overUptime: mean(overUptime),
  };
}

function groupOf(summary: ScenarioSummary): string {
  const { info } = summary;
  if (info === undefined) return "others";
  if (!isHeldToOptimum(summary))
    return info.ttlCapMs < info.ttlMs ? `${info.guest}, TTL beyond the cap` : "low traffic";
  return [info.guest, ...(info.handover ? ["handover"] : []), ...(info.eviction ? ["eviction"] : [])].join(", ");
}
