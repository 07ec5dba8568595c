import { CallCounters } from "../../metrics/call-counts.ts";
import { occurredOutcomes, readOutcomes } from "../../metrics/outcomes.ts";
import type { HistoryStorage } from "../history.ts";
import type { DirectoryReport, ServiceReport } from "../service-report.ts";
import { answeringCluster, isolateReport, serviceReport } from "./reports.ts";

/** What an object tells after so many requests, each with a call of 20 ms to the server `auth`. */
export function reportOf(
  name: string,
  atMs: number,
  requests: number,
  change: Partial<ServiceReport> = {},
): DirectoryReport {
  const calls = new CallCounters();
  for (let n = 0; n < requests; n += 1) calls.to("auth").ended("2xx", 20);
  const report = serviceReport({
    ...{ name, atMs, isolateId: "i", generation: 1, restarts: [], restartCount: 0, countsSinceMs: 0 },
    ...{ requests, outbound: requests },
    decisions: occurredOutcomes(readOutcomes({ allowed: { server: requests } })),
    clusters: { auth: answeringCluster({ calls: calls.to("auth").snapshot() }) },
    ...change,
  });
  return { report, isolate: isolateReport({ isolateId: "i" }), filterMetrics: {} };
}

/** Storage that outlives the lives of a directory, and can fail. */
export class Disk implements HistoryStorage {
  readonly rows = new Map<string, unknown>();
  writes = 0;
  /** Rows that were listed. */
  reads = 0;
  isFull = false;

  get(key: string): unknown {
    return this.rows.get(key);
  }

  put(key: string, value: unknown): void {
    this.writes += 1;
    if (this.isFull) throw new Error("quota exceeded");
    this.rows.set(key, structuredClone(value));
  }

  delete(key: string): boolean {
    return this.rows.delete(key);
  }

  *list({ prefix, reverse = false }: { prefix: string; reverse?: boolean }): Iterable<[string, unknown]> {
    const keys = [...this.rows.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of reverse ? keys.reverse() : keys) {
      this.reads += 1;
      yield [key, this.rows.get(key)];
    }
  }
}
