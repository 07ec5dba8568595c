import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseTrace } from "../../scripts/traffic/trace.ts";
import { type Workload, WorkloadBuilder } from "./workload.ts";

/** What one decision is kept for: the client alone, as with introspection, or each resource of a client, as with forward-auth. */
export const DECISION_KEYS = ["client", "client+key"] as const;
export type DecisionKey = (typeof DECISION_KEYS)[number];

/**
 * A recorded trace (`t,client,key`) as a workload.
 * @param speed above 1 compresses time
 * @throws Error that names the file and the first line that does not fit
 */
export function readTrace(file: string, decisionKey: DecisionKey, speed: number): Workload {
  const { requests, problems } = parseTrace(readFileSync(file, "utf8"));
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${file}:${problem.line}: ${problem.reason}: ${problem.text}`);
  if (requests.length === 0) throw new Error(`${file}: no requests; expected lines t,client,key`);
  const builder = new WorkloadBuilder();
  for (const { atSeconds, client, key } of requests) {
    builder.add((atSeconds * 1_000) / speed, decisionKey === "client" ? client : `${client}/${key}`);
  }
  return builder.build(basename(file, ".csv"));
}
