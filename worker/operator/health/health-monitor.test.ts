import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { builtInService, gatewayOf } from "../../../config/testing/inputs.ts";
import type { DirectoryReading } from "../../../durable/directory/directory-rpc.ts";
import { answeringCluster, isolateReport, serviceReport } from "../../../durable/directory/testing/reports.ts";
import { HEALTH_LIMITS, HealthMonitor } from "./health-monitor.ts";

const gateway = gatewayOf({ orders: builtInService() });

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function reading(state: "answering" | "silent" = "answering"): DirectoryReading {
  const report = serviceReport({ atMs: Date.now(), clusters: { auth: answeringCluster({ state }) } });
  return { entries: [{ service: "orders", report, isolate: isolateReport(), filterMetrics: {} }], history: {} };
}

/** A directory that gives these answers in turn, and then the last one. */
function monitorOf(...answers: (() => Promise<DirectoryReading>)[]) {
  const directory = { calls: 0 };
  const monitor = new HealthMonitor(gateway, () => Date.now());
  const health = (problems: readonly string[] = []) =>
    monitor.health({
      problems: () => problems,
      read: () => {
        directory.calls += 1;
        return (answers[directory.calls - 1] ?? answers.at(-1)!)();
      },
    });
  return { directory, monitor: { health } };
}
const fails = () => Promise.reject(new Error("reset"));
const never = () => new Promise<never>(() => undefined);
const well = () => Promise.resolve(reading());

async function settled<T>(work: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(60_000);
  return work;
}

describe("the health monitor", () => {
  it("reads the directory once in five seconds, however many ask", async () => {
    const { monitor, directory } = monitorOf(well, () => Promise.resolve(reading("silent")));
    for (let n = 0; n < 1_000; n += 1) expect((await monitor.health()).status).toBe("ok");
    expect(directory.calls).toBe(1);
    vi.advanceTimersByTime(HEALTH_LIMITS.cacheMs);
    expect((await monitor.health()).status).toBe("failing");
    expect(directory.calls).toBe(2);
  });

  it("requests that come during the first reading look for its result, and make no call", async () => {
    const { monitor, directory } = monitorOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return reading();
    });
    const all = Promise.all(Array.from({ length: 50 }, () => monitor.health()));
    expect((await settled(all)).every(({ status }) => status === "ok")).toBe(true);
    expect(directory.calls).toBe(1);
  });

  it("later ones get the earlier result at once", async () => {
    const { monitor, directory } = monitorOf(well, never);
    await monitor.health();
    vi.advanceTimersByTime(HEALTH_LIMITS.cacheMs);
    void monitor.health();
    expect((await monitor.health()).status).toBe("ok");
    expect(directory.calls).toBe(2);
  });

  it("tries twice before it calls the directory unreadable", async () => {
    const once = monitorOf(fails, well);
    expect((await settled(once.monitor.health())).status).toBe("ok");
    const always = monitorOf(fails);
    expect(await settled(always.monitor.health())).toMatchObject({
      status: "failing",
      problems: [expect.stringMatching(/directory/)],
    });
    expect(always.directory.calls).toBe(2);
  });

  it("a directory that never answers is unreadable too, and does not hold the request for long", async () => {
    const { monitor } = monitorOf(never);
    const startedMs = Date.now();
    let endedMs = 0;
    void monitor.health().then(() => {
      endedMs = Date.now();
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(endedMs - startedMs).toBe(2 * HEALTH_LIMITS.readMs + HEALTH_LIMITS.retryMs);
  });

  it("goes on with the last result for a minute while the directory fails", async () => {
    const { monitor } = monitorOf(well, fails);
    await monitor.health();
    vi.advanceTimersByTime(HEALTH_LIMITS.graceMs - 1_000);
    const within = monitor.health();
    await vi.advanceTimersByTimeAsync(HEALTH_LIMITS.retryMs);
    expect((await within).status).toBe("ok");
    vi.advanceTimersByTime(6_000);
    expect((await settled(monitor.health())).status).toBe("failing");
  });

  it("does not hang for a reading whose request was cancelled", async () => {
    const { monitor, directory } = monitorOf(never, well);
    // The platform ends a cancelled request's work: neither its timers nor its result come.
    void monitor.health();
    vi.clearAllTimers();
    const others = Promise.all([monitor.health(), monitor.health()]);
    expect((await settled(others)).map(({ status }) => status)).toEqual(["ok", "ok"]);
    expect(directory.calls).toBe(2);
  });

  it("without its bindings it is failing, and asks no directory", async () => {
    const { monitor, directory } = monitorOf(well);
    expect(await monitor.health(["the binding SERVICE_OBJECT is missing"])).toMatchObject({
      status: "failing",
      problems: ["the binding SERVICE_OBJECT is missing"],
    });
    expect(directory.calls).toBe(0);
  });

  it("a clock that is set back does not keep an old result", async () => {
    const { monitor, directory } = monitorOf(well);
    await monitor.health();
    vi.setSystemTime(Date.now() - 3_600_000);
    await monitor.health();
    expect(directory.calls).toBe(2);
  });
});
