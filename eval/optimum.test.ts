import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guestMemory } from "./guests/memory-rules.ts";
import { guestModel } from "./guests/model.ts";
import { OfflineOptimum } from "./optimum.ts";
import { simulate } from "./simulate.ts";
import { RuleSupervisor } from "./supervisor.ts";
import { type Workload, WorkloadBuilder } from "./workload/workload.ts";

const TTL_MS = 40_000;
const GRID_MS = 30_000;
const { allocatedFor } = guestMemory("page", 16_000);

const anyWorkload = fc
  .array(fc.record({ gapMs: fc.integer({ min: 0, max: 9_000 }), key: fc.nat(12) }), { minLength: 1, maxLength: 60 })
  .map((rows): Workload => {
    const builder = new WorkloadBuilder();
    let timeMs = 0;
    for (const { gapMs, key } of rows) {
      timeMs += gapMs;
      builder.add(timeMs, key);
    }
    return builder.build("any");
  });

/** Runs the guest's model and restarts it at the given times. */
async function play(workload: Workload, restartsMs: readonly number[]) {
  const left = [...restartsMs];
  const guest = guestModel("page", { ttlMs: TTL_MS, entryBytes: 16_000 }, workload.keyCount);
  const before = guest.request.bind(guest);
  // Restart just before the next request. Only the memory held in between differs, and no test compares it.
  guest.request = (nowMs, key) => {
    while (left.length > 0 && left[0]! <= nowMs) guest.restart(left.shift()!, false);
    return before(nowMs, key);
  };
  const supervisor = new RuleSupervisor("never", { sampleIntervalMs: 1e9, minLifetimeMs: 0 }, () => false);
  return simulate(workload, guest, supervisor, { handover: false, evictAfterMs: undefined });
}

describe("the offline optimum", () => {
  it("predicts the outbound calls of a guest that follows its plan", async () => {
    await fc.assert(
      fc.asyncProperty(anyWorkload, fc.double({ min: 3, max: 11, noNaN: true }), async (workload, logPrice) => {
        const plan = new OfflineOptimum(workload, { ttlMs: TTL_MS, allocatedFor }, GRID_MS).plan(10 ** logPrice);
        const { outbound } = await play(workload, plan.restartsMs);
        expect(plan.outbound).toBe(outbound);
      }),
      { numRuns: 50 },
    );
  });

  it("costs no more than other plans", () => {
    fc.assert(
      fc.property(anyWorkload, fc.double({ min: 3, max: 11, noNaN: true }), (workload, logPrice) => {
        const price = 10 ** logPrice;
        const optimum = new OfflineOptimum(workload, { ttlMs: TTL_MS, allocatedFor }, GRID_MS);
        const totalMs = workload.timesMs.at(-1)!;
        const costOf = ({ meanAllocatedBytes, outbound }: { meanAllocatedBytes: number; outbound: number }) =>
          meanAllocatedBytes * totalMs + price * outbound;
        const best = costOf(optimum.plan(price));
        expect(best).toBeLessThanOrEqual(costOf(optimum.never()) * (1 + 1e-9));
        // The plan for another price is another plan for this one.
        expect(best).toBeLessThanOrEqual(costOf(optimum.plan(price / 30)) * (1 + 1e-9));
        expect(best).toBeLessThanOrEqual(costOf(optimum.plan(price * 30)) * (1 + 1e-9));
      }),
    );
  });

  it("never makes an extra call if calls are extremely expensive, and holds less memory the cheaper they are", () => {
    fc.assert(
      fc.property(anyWorkload, (workload) => {
        const optimum = new OfflineOptimum(workload, { ttlMs: TTL_MS, allocatedFor }, GRID_MS);
        expect(optimum.plan(1e18).outbound).toBe(optimum.never().outbound);
        const memory = [1e4, 1e6, 1e8, 1e10].map((price) => optimum.plan(price).meanAllocatedBytes);
        expect(memory).toEqual(memory.toSorted((a, b) => a - b));
      }),
    );
  });

  it("uses a coarser grid for a workload of months and still counts the same", async () => {
    const builder = new WorkloadBuilder();
    for (let day = 0; day < 365; day += 1) builder.add(day * 86_400_000 + day, day % 3);
    const workload = builder.build("year");
    const optimum = new OfflineOptimum(workload, { ttlMs: TTL_MS, allocatedFor }, GRID_MS);
    const plan = optimum.plan(1);
    expect(plan.outbound).toBe((await play(workload, plan.restartsMs)).outbound);
    const never = await play(workload, []);
    expect(optimum.never().meanAllocatedBytes / never.meanAllocatedBytes).toBeCloseTo(1, 9);
  });

  it("restarts once after a crowd is gone", () => {
    const builder = new WorkloadBuilder();
    for (let key = 0; key < 500; key += 1) builder.add(key, key);
    for (let timeMs = 60_000; timeMs <= 600_000; timeMs += 10_000) builder.add(timeMs, 1_000);
    const optimum = new OfflineOptimum(builder.build("crowd"), { ttlMs: TTL_MS, allocatedFor }, GRID_MS);
    const plan = optimum.plan(1e9);
    expect(plan.restartsMs).toHaveLength(1);
    expect(plan.restartsMs[0]).toBeLessThanOrEqual(60_000);
    expect(plan.meanAllocatedBytes).toBeLessThan(optimum.never().meanAllocatedBytes / 3);
    expect(plan.endedBytes).toBe(plan.peakAllocatedBytes);
    expect(optimum.never().endedBytes).toBe(0);
  });
});
