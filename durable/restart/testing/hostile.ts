import fc from "fast-check";
import type { Estimate } from "../../estimate/estimate.ts";
import { FILL_STEPS } from "../../estimate/fill-phase.ts";
import { AGE_CLASSES } from "../../estimate/loss-cost.ts";
import { LOSS_STEPS } from "../../estimate/lost-calls.ts";
import type { RestartSituation } from "../policy.ts";
import { estimateOf, paperOf } from "./situation.ts";

/** Mostly plausible numbers, sometimes any number, NaN included. */
const anyNumber = fc.oneof({ weight: 6, arbitrary: fc.nat(20_000_000) }, fc.double());
const listOf = (length: number) => fc.array(anyNumber, { minLength: length, maxLength: length });
const perhaps = fc.option(anyNumber, { nil: undefined });

const anyEstimate: fc.Arbitrary<Estimate> = fc
  .record(
    {
      uptimeMs: anyNumber,
      filledMs: anyNumber,
      observedMs: anyNumber,
      allocatedBytes: anyNumber,
      requiredBytes: anyNumber,
      surplusBytes: anyNumber,
      baselineBytes: anyNumber,
      startBytes: anyNumber,
      ttlMs: anyNumber,
      bytesPerEntry: perhaps,
      fixedBytes: perhaps,
      growsWithoutEnd: fc.boolean(),
      handedOverBytes: anyNumber,
      outboundInTtl: anyNumber,
      isRising: fc.boolean(),
      demandCalls: anyNumber,
      hitShare: anyNumber,
      requestsPerSecond: anyNumber,
      fill: listOf(FILL_STEPS).map((list) => Float64Array.from(list)),
      lossCost: listOf(AGE_CLASSES),
    },
    { requiredKeys: [] },
  )
  .map((change) => estimateOf(change));

/** Any situation for a policy, including values that only a broken estimator or clock would give. */
export const anySituation: fc.Arbitrary<RestartSituation> = fc
  .record({
    estimate: anyEstimate,
    handover: fc.boolean(),
    creditCalls: anyNumber,
    lostCalls: listOf(LOSS_STEPS + 1),
    carriedByteMs: anyNumber,
    growsWithoutCalls: fc.boolean(),
    restartWanted: fc.boolean(),
    workMs: anyNumber,
    workCreditMs: anyNumber,
    grownBytes: anyNumber,
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    collectedMs: anyNumber,
  })
  .map(({ collectedMs, ...given }) => ({
    ...given,
    nowMs: given.estimate.atMs,
    paper: paperOf({ collectedMs }),
    previous: [],
  }));
