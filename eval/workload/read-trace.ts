import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseTrace } from "../../scripts/traffic/trace.ts";
import { type Workload, WorkloadBuilder } from "./workload.ts";

/** Scope of a cached decision: a client, as with introspection, or a client and a resource, as with forward-auth. */
export const DECISION_KEYS = ["client", "client+key"] as const;
export type DecisionKey = (typeof DECISION_KEYS)[number];

/**
 * Reads a recorded trace (`t,client,key`) as a workload.
 * @param speed above 1 compresses time
 * @throws Error that names the file, and the first invalid line if there is one
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
