import { type Sample, Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration, History } from "../history.ts";

/** A generation that started at time 0 with one page, with a test's changes. */
export function generation(change: Partial<CurrentGeneration> = {}): CurrentGeneration {
  return {
    number: 1,
    startedMs: 0,
    startAllocatedBytes: 65_536,
    collectedBeforeMs: 0,
    collectedMs: 0,
    heldAfterCollectingBytes: undefined,
    ttlMs: undefined,
    peak: undefined,
    ...change,
  };
}

export function history(change: Partial<History> = {}): History {
  return { current: generation(), heldAfterCollectingBytes: [], lastTtlMs: undefined, ...change };
}

/** A buffer of samples of generation 1; each row gives the fields that matter to the test. */
export function samplesOf(rows: readonly Partial<Sample>[], capacity = 1_024): Samples {
  const samples = new Samples(capacity);
  for (const row of rows) {
    samples.push({
      generation: 1,
      timeMs: 0,
      allocatedBytes: 65_536,
      grownPages: 0,
      outbound: 0,
      requests: 0,
      hits: 0,
      ...row,
    });
  }
  return samples;
}

/** One sample every ten seconds, the first at 10 s. */
export function everyTenSeconds(rows: readonly Partial<Sample>[]): Partial<Sample>[] {
  return rows.map((row, index) => ({ timeMs: (index + 1) * 10_000, ...row }));
}
