import { CallCounters } from "../../metrics/call-counts.ts";
import { occurredOutcomes, readOutcomes } from "../../metrics/outcomes.ts";
import type { HistoryStorage } from "../history.ts";
import type { DirectoryReport, ServiceReport } from "../service-report.ts";

/** The fields of a report that tests of the directory look at. */
export function reportOf(
  name: string,
  atMs: number,
  requests: number,
  change: Partial<ServiceReport> = {},
): DirectoryReport {
  const calls = new CallCounters();
  for (let n = 0; n < requests; n += 1) calls.to("auth").ended("2xx", 20);
  const report = {
    name,
    atMs,
    generation: 1,
    allocatedBytes: 393_216,
    requiredBytes: 131_072,
    requiredRangeBytes: null,
    baselineBytes: 262_144,
    ttlMs: 600_000,
    countsSinceMs: 0,
    requests,
    hits: 0,
    refusedEarly: 0,
    undecided: 0,
    throttled: 0,
    failedOpen: 0,
    outbound: requests,
    restartCount: 0,
    traps: 0,
    decisions: occurredOutcomes(readOutcomes({ allowed: { server: requests } })),
    clusters: { auth: { state: "answering", calls: calls.snapshot().auth } },
    ...change,
  };
  return { report, isolate: { isolateId: "i" }, filterMetrics: {} } as unknown as DirectoryReport;
}

/** Storage that outlives the lives of a directory, and can fail. */
export class Disk implements HistoryStorage {
  readonly rows = new Map<string, unknown>();
  writes = 0;
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

  *list({ prefix }: { prefix: string }): Iterable<[string, unknown]> {
    for (const key of [...this.rows.keys()].sort()) if (key.startsWith(prefix)) yield [key, this.rows.get(key)];
  }
}
