import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HitReports } from "./hit-reports.ts";

describe("hits in an isolate", () => {
  const told: [service: string, hits: number][] = [];
  let isReachable = true;
  const tell = async (...report: [string, number]) => {
    if (!isReachable) throw new Error("reset");
    told.push(report);
  };
  const hit = (reports: HitReports, service: string, nowMs: number) => {
    if (reports.note(service, nowMs)) void reports.send(tell);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    told.length = 0;
    isReachable = true;
  });
  afterEach(() => void vi.useRealTimers());

  it("are told in one report for each service, a second later", async () => {
    const reports = new HitReports();
    for (let n = 0; n < 5; n += 1) hit(reports, "orders", 0);
    hit(reports, "billing", 0);
    await vi.advanceTimersByTimeAsync(999);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([
      ["orders", 5],
      ["billing", 1],
    ]);
  });

  it("are told with the next ones if the object could not be reached", async () => {
    const reports = new HitReports();
    isReachable = false;
    hit(reports, "orders", 0);
    await vi.advanceTimersByTimeAsync(1_000);
    isReachable = true;
    hit(reports, "orders", 1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([["orders", 2]]);
  });

  it("are told by a later request if the first one's report never came", async () => {
    const reports = new HitReports();
    hit(reports, "orders", 0);
    // The request was cancelled with its timer.
    vi.clearAllTimers();
    hit(reports, "orders", 9_999);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    hit(reports, "orders", 10_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([["orders", 3]]);
  });
});
