/**
 * The evaluation's sweeps run on models, and its optimum uses their memory rules. This suite compares the built-in filter's
 * model with the real module after every event: pages, hits and live bytes must be equal.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BuiltInGuest } from "./built-in-guest.ts";
import type { CacheShape } from "./cache-guest.ts";
import { guestModel } from "./model.ts";
import { type Event, firstDifference, type ScenarioOptions, scenario } from "./testing/scenarios.ts";

const SCENARIOS: [name: string, shape: CacheShape, options: ScenarioOptions][] = [
  [
    "entries without headers, bursts and idle hours",
    { ttlMs: 60_000, entryBytes: 0 },
    { requests: 12_000, keyCount: 20_000, spacingMs: 20, burst: 0.002, burstRequests: 400, idle: 0.0005 },
  ],
  [
    "a kilobyte each, restarts in between",
    { ttlMs: 300_000, entryBytes: 1_024 },
    { requests: 12_000, keyCount: 6_000, spacingMs: 60, restart: 0.0003, idle: 0.0003 },
  ],
  [
    "16,000 bytes each, for 20 minutes",
    { ttlMs: 1_200_000, entryBytes: 16_000 },
    { requests: 5_000, keyCount: 2_000, spacingMs: 800, restart: 0.0005, idle: 0.001 },
  ],
  [
    "an odd size and a host that never ticks",
    { ttlMs: 77_777, entryBytes: 333 },
    { requests: 10_000, keyCount: 9_000, spacingMs: 30, burst: 0.003, burstRequests: 300, idle: 0.002, ticks: false },
  ],
];

describe("the model of the built-in filter", () => {
  it.each(SCENARIOS)("agrees with the module at every event: %s", async (_, shape, options) => {
    for (const seed of [1, 2]) {
      const real = await BuiltInGuest.start(shape);
      const model = guestModel("built-in", shape, options.keyCount);
      expect(model.allocatedBytes).toBe(real.allocatedBytes);
      expect(await firstDifference(real, model, scenario(seed, options))).toBeUndefined();
    }
  });

  it("agrees with the module to the millisecond when an entry expires", async () => {
    const shape = { ttlMs: 1_000, entryBytes: 100 };
    const times = [0.9, 999, 999.9, 1_000, 1_000.5, 1_001, 1_999.9, 2_000, 2_001, 3_000, 3_001];
    for (const first of times) {
      const events = [0, ...times.map((ms) => first + ms)].map((nowMs): Event => ({ kind: "request", nowMs, key: 0 }));
      const real = await BuiltInGuest.start(shape);
      expect(await firstDifference(real, guestModel("built-in", shape, 1), events)).toBeUndefined();
    }
  });

  it("agrees with the module on any small trace", async () => {
    const keyCount = 40;
    const step = fc.record({
      // Times around the end of a tick, of a second and of an entry's TTL, and beyond.
      afterMs: fc.oneof(
        fc.constant(0),
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.nat(90_000),
        fc.nat(40_000_000),
      ),
      kind: fc.oneof({ weight: 20, arbitrary: fc.constant("request" as const) }, fc.constantFrom("tick", "restart")),
      key: fc.nat(keyCount - 1),
    });
    const shapes = fc.record({ ttlMs: fc.integer({ min: 1, max: 3_600_000 }), entryBytes: fc.nat(16_000) });
    const steps = fc.array(step, { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(shapes, steps, async (shape, trace) => {
        let nowMs = 0;
        const events = trace.map(({ afterMs, kind, key }): Event => {
          nowMs += afterMs;
          return { kind, nowMs, key };
        });
        const real = await BuiltInGuest.start(shape);
        expect(await firstDifference(real, guestModel("built-in", shape, keyCount), events)).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });
});

it("the built-in filter's model spends the same budget as the module when 20,000 entries expire at once", async () => {
  const shape = { ttlMs: 60_000, entryBytes: 20 };
  const keyCount = 40_000;
  const events: Event[] = [];
  for (let key = 0; key < 20_000; key++) events.push({ kind: "request", nowMs: 5_000, key });
  for (let key = 0; key < 2_000; key++) events.push({ kind: "request", nowMs: 65_200 + key / 9, key: 39_999 - key });
  events.push({ kind: "tick", nowMs: 65_500 });
  for (let key = 0; key < 500; key++) events.push({ kind: "request", nowMs: 65_600, key });
  const real = await BuiltInGuest.start(shape);
  expect(await firstDifference(real, guestModel("built-in", shape, keyCount), events)).toBeUndefined();
});
