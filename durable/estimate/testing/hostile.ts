/** Arbitraries for property tests, including values that only a broken host or clock would give. */

import fc from "fast-check";
import type { Sample } from "../../metrics/samples.ts";
import type { History } from "../history.ts";
import { samplesOf } from "./build.ts";

const anyCount = fc.oneof(fc.nat(5_000), fc.double());
/** Mostly within a few hours, so that samples share windows and bins; sometimes any number, NaN or negative included. */
const anyTimeMs = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 10_000_000 }) }, fc.double());

const anySample: fc.Arbitrary<Sample> = fc.record({
  generation: fc.constantFrom(1, 1, 1, 2),
  timeMs: anyTimeMs,
  allocatedBytes: fc.oneof(
    fc.nat(2_000).map((pages) => pages * 65_536),
    fc.double(),
  ),
  grownPages: fc.oneof(fc.nat(3), fc.double()),
  outbound: anyCount,
  requests: anyCount,
  hits: anyCount,
});

/** A small buffer, which often overflows; in half of the cases its times are in order. */
export const anySamples = fc
  .record({
    rows: fc.array(anySample, { maxLength: 80 }),
    inOrder: fc.boolean(),
    capacity: fc.integer({ min: 1, max: 100 }),
  })
  .map(({ rows, inOrder, capacity }) =>
    samplesOf(inOrder ? rows.toSorted((a, b) => a.timeMs - b.timeMs) : rows, capacity),
  );

const amount = fc.oneof(fc.nat(10_000_000), fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }));
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Any history that `readLearned` could let through. */
export const anyHistory: fc.Arbitrary<History> = fc.record({
  current: perhaps(
    fc.record({
      number: fc.constantFrom(1, 2),
      startedMs: amount,
      startAllocatedBytes: amount,
      collectedBeforeMs: amount,
      collectedMs: amount,
      heldAfterCollectingBytes: perhaps(amount),
      ttlMs: perhaps(amount),
      peak: perhaps(fc.record({ ttlMs: fc.oneof(fc.constant(600_000), amount), outbound: amount })),
    }),
  ),
  heldAfterCollectingBytes: fc.array(amount, { maxLength: 8 }),
  lastTtlMs: perhaps(amount),
});
