import { describe, expect, it } from "vitest";
import { restartSettings } from "../config/index.ts";
import { guestModel } from "./guests/model.ts";
import { simulate } from "./simulate.ts";
import { PolicySupervisor, RuleSupervisor } from "./supervisor.ts";
import { type Workload, WorkloadBuilder } from "./workload/workload.ts";

const settings = restartSettings({ ttlCapMs: 7_200_000 });
const shape = { ttlMs: 60_000, entryBytes: 4_000 };
const never = () => new RuleSupervisor("never", settings, () => false);
const plain = { handover: false, evictAfterMs: undefined };

function workload(add: (builder: WorkloadBuilder) => void): Workload {
  const builder = new WorkloadBuilder();
  add(builder);
  return builder.build("test");
}

/** One request per second; each of the 20 keys returns every 20 s. */
const steady = workload((builder) => {
  for (let second = 1; second <= 3_600; second += 1) builder.add(second * 1_000, second % 20);
});

describe("a run", () => {
  it("counts the guest's hits and outbound calls", async () => {
    const { requests, hits, outbound } = await simulate(steady, guestModel("page", shape, 20), never(), plain);
    expect({ requests, outbound }).toEqual({ requests: 3_600, outbound: 20 * 60 });
    expect(hits + outbound).toBe(requests);
  });

  it("averages memory over time, not over requests", async () => {
    const burst = workload((builder) => {
      builder.add(0, 0);
      for (let key = 1; key <= 500; key += 1) builder.add(50_000, key);
      builder.add(100_000, 0);
    });
    const guest = guestModel("page", shape, 501);
    const { meanAllocatedBytes, peakAllocatedBytes } = await simulate(burst, guest, never(), plain);
    const small = guestModel("page", shape, 1).restart(0, false);
    expect(meanAllocatedBytes).toBeGreaterThan(0.49 * (small + peakAllocatedBytes));
    expect(meanAllocatedBytes).toBeLessThan(0.53 * (small + peakAllocatedBytes));
  });

  it("restarts with an empty cache when the supervisor decides", async () => {
    const hourly = new RuleSupervisor("uptime", settings, (uptimeMs) => uptimeMs >= 590_000);
    const { restarts, outbound } = await simulate(steady, guestModel("page", shape, 20), hourly, plain);
    expect(restarts.map(({ reason }) => reason)).toEqual(Array(6).fill("uptime"));
    expect(outbound).toBeGreaterThan(20 * 60);
  });

  it("makes no extra outbound calls after a restart with handover", async () => {
    const often = () => new RuleSupervisor("uptime", settings, (uptimeMs) => uptimeMs >= 70_000);
    const options = { handover: true, evictAfterMs: undefined };
    const { restarts, outbound } = await simulate(steady, guestModel("built-in", shape, 20), often(), options);
    expect(restarts.length).toBeGreaterThan(40);
    expect(outbound).toBe((await simulate(steady, guestModel("built-in", shape, 20), never(), plain)).outbound);
  });

  it("holds no memory while an idle object is evicted, and continues with an empty cache", async () => {
    const pause = workload((builder) => {
      for (let key = 0; key < 50; key += 1) builder.add(key, key);
      for (let key = 0; key < 50; key += 1) builder.add(30_000 + key, key);
    });
    const options = { handover: false, evictAfterMs: 10_000 };
    const evicted = await simulate(pause, guestModel("page", shape, 50), never(), options);
    const kept = await simulate(pause, guestModel("page", shape, 50), never(), plain);
    expect([evicted.hits, kept.hits]).toEqual([0, 50]);
    expect(evicted.meanAllocatedBytes).toBeLessThan(0.4 * kept.meanAllocatedBytes);
  });

  it("is the same for the same seed", async () => {
    const run = () => {
      const supervisor = new PolicySupervisor("measured", { ...settings, collectMs: 60_000 }, false, 7);
      return simulate(steady, guestModel("built-in", shape, 20), supervisor, plain);
    };
    expect(await run()).toEqual(await run());
  });

  it("of an empty workload ends at once", async () => {
    const result = await simulate(
      workload(() => undefined),
      guestModel("page", shape, 1),
      never(),
      plain,
    );
    expect(result).toMatchObject({ requests: 0, hits: 0, outbound: 0, restarts: [] });
    expect(result.meanAllocatedBytes).toBeGreaterThan(0);
  });

  it("reads memory after hits too: a filter may grow without a call", async () => {
    const result = await simulate(steady, guestModel("calls-nobody", shape, 20), never(), plain);
    expect(result).toMatchObject({ hits: 3_600, outbound: 0 });
    expect(result.peakAllocatedBytes).toBeGreaterThan(3_600 * 2_450);
    expect(result.meanAllocatedBytes).toBeLessThan(0.7 * result.peakAllocatedBytes);
  });

  it("counts the memory of ended instances for 1.5 s, and the work of restarts", async () => {
    const once = new RuleSupervisor("uptime", settings, (uptimeMs) => uptimeMs >= 2_000_000);
    const result = await simulate(steady, guestModel("calls-nobody", shape, 20), once, plain);
    expect(result.restarts).toHaveLength(1);
    expect(result.meanRetiredBytes).toBeCloseTo((result.peakAllocatedBytes * 1_500) / 3_600_000, 3);
    expect(result.cpuShare).toBeGreaterThan(1e-6);
  });

  it("knows the floor: live entries in whole pages and the fixed part", async () => {
    const { floorBytes, meanRequiredBytes } = await simulate(steady, guestModel("page", shape, 20), never(), plain);
    expect(floorBytes).toBeGreaterThanOrEqual(meanRequiredBytes);
    expect(floorBytes).toBeLessThan(meanRequiredBytes + 65_536);
  });

  it("counts outbound calls over time, in steps of six minutes", async () => {
    const { outboundOver, outbound } = await simulate(steady, guestModel("page", shape, 20), never(), plain);
    expect(outboundOver).toHaveLength(11);
    expect(outboundOver.reduce((sum, calls) => sum + calls, 0)).toBe(outbound);
  });

  it("tells the supervisor of every call, and whether it was denied", async () => {
    const flood = workload((builder) => {
      builder.add(0, "client");
      builder.addStranger(1);
      builder.add(2, "client");
      builder.add(60_000, "client");
    });
    const calls: [question: number, nowMs: number, isDenied: boolean][] = [];
    const supervisor = Object.assign(never(), {
      called: (...call: [question: number, nowMs: number, isDenied: boolean]) => calls.push(call),
    });
    await simulate(flood, guestModel("page", shape, 2), supervisor, plain);
    expect(calls.map(([, nowMs, isDenied]) => [nowMs, isDenied])).toEqual([
      [0, false],
      [1, true],
      [60_000, false],
    ]);
    expect(calls[0]![0]).toBe(calls[2]![0]);
    expect(calls[0]![0]).not.toBe(calls[1]![0]);
  });
});
