import fc from "fast-check";
import type { Estimate } from "../../estimate/estimate.ts";
import type { RestartSituation } from "../policy.ts";
import { estimateOf, paperOf } from "./situation.ts";

/** Mostly plausible numbers, sometimes any number, NaN included. */
const anyNumber = fc.oneof({ weight: 6, arbitrary: fc.nat(20_000_000) }, fc.double());
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
      outboundInTtl: anyNumber,
      maxOutboundInTtl: anyNumber,
      demandCalls: anyNumber,
      hitShare: anyNumber,
      lostCalls: anyNumber,
      requestsPerSecond: anyNumber,
    },
    { requiredKeys: [] },
  )
  .map((change) => estimateOf(change));

/** Any situation for a policy, including values that only a broken estimator or clock would give. */
export const anySituation: fc.Arbitrary<RestartSituation> = fc
  .record({
    estimate: anyEstimate,
    creditCalls: anyNumber,
    priceCalls: anyNumber,
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
