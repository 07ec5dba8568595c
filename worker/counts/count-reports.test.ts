import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WorkerCount, WorkerCounts } from "../../durable/metrics/worker-counts.ts";
import { CountReports } from "./count-reports.ts";

describe("counts of an isolate", () => {
  const told: [service: string, counts: WorkerCounts][] = [];
  let isReachable = true;
  const tell = async (service: string, counts: WorkerCounts) => {
    if (!isReachable) throw new Error("reset");
    told.push([service, counts]);
  };
  const hit = (reports: CountReports, service: string, nowMs: number, what: WorkerCount = "edgeHits") => {
    if (reports.note(service, what, nowMs)) void reports.send(tell);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    told.length = 0;
    isReachable = true;
  });
  afterEach(() => void vi.useRealTimers());

  it("are told in one report for each service, a second later", async () => {
    const reports = new CountReports();
    for (let n = 0; n < 5; n += 1) hit(reports, "orders", 0);
    hit(reports, "orders", 0, "undecided:keys_unavailable");
    hit(reports, "billing", 0);
    await vi.advanceTimersByTimeAsync(999);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([
      ["orders", { edgeHits: 5, "undecided:keys_unavailable": 1 }],
      ["billing", { edgeHits: 1 }],
    ]);
  });

  it("are told with the next ones if the object could not be reached", async () => {
    const reports = new CountReports();
    isReachable = false;
    hit(reports, "orders", 0);
    await vi.advanceTimersByTimeAsync(1_000);
    isReachable = true;
    hit(reports, "orders", 1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([["orders", { edgeHits: 2 }]]);
  });

  it("are told by a later request if the first one's report never came", async () => {
    const reports = new CountReports();
    hit(reports, "orders", 0);
    // The request was cancelled with its timer.
    vi.clearAllTimers();
    hit(reports, "orders", 9_999);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    hit(reports, "orders", 10_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([["orders", { edgeHits: 3 }]]);
  });
});
