import type { EstimateSettings } from "../../../config/index.ts";
import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration } from "../history.ts";

export interface TtlEstimate {
  ttlMs: number;
  source: "measured" | "default";
}

/** Growth events without which no ratio is believed: low traffic grows by chance, not by rule. */
const MIN_GROWTH_EVENTS = 3;

/** The part of the filling ratio below which the cache no longer fills. */
const FALLEN = 0.5;

/**
 * The TTL by the paper's rule, read literally: the time from the start of the generation to the moment where pages grown per
 * outbound call fall below half of what they were while the cache filled.
 *
 * Precisely, over the samples of the generation, in bins counted from its start:
 *
 * - A growth event is a sample in which memory grew. Counting begins behind the first one: until then the calls used up
 *   what the instance held from its start, and that growth paid for none of those that follow.
 * - The ratio *while filling* is that of all bins before the one in question together: pages grown / outbound calls.
 *   It exists from the third growth event on.
 * - A bin is at least `binMs` long and ends with a sample. Growth comes in steps, so a bin must also hold more than
 *   twice as many calls as any step took while filling; a shorter one would call the pause between two steps a fall.
 *   Bins without outbound calls thereby join the one that follows.
 * - The moment of the fall is the start of the first bin whose ratio is below half of the filling ratio: a TTL that
 *   ends in the bin's first half leaves less than half of the growth in it, one that ends in its second half is
 *   rounded up to the next bin.
 *
 * The default holds while no bin has fallen: also when nothing ever grew, when memory grew fewer than three times, when
 * no bin fell within the cap, and when the ring buffer has lost the generation's first samples.
 */
export function ratioTtl(
  samples: Samples,
  generation: Pick<CurrentGeneration, "number" | "startedMs">,
  settings: Pick<EstimateSettings, "binMs" | "ttlCapMs" | "ttlDefaultMs">,
): TtlEstimate {
  const byDefault: TtlEstimate = { ttlMs: Math.min(settings.ttlDefaultMs, settings.ttlCapMs), source: "default" };
  const first = samples.firstOf(generation.number);
  if (first === 0 && samples.overwritten > 0) return byDefault;

  const filling: Tally = { pages: 0, calls: 0, steps: 0, longestStep: 0 };
  let bin: Tally = { ...filling };
  let binStartMs = generation.startedMs;
  let timeMs = generation.startedMs;
  let hasGrown = false;
  /** Calls since memory last grew. */
  let callsOfStep = 0;

  for (let index = first; index < samples.length; index += 1) {
    timeMs = Math.max(timeMs, samples.timeMsAt(index));
    const pages = samples.grownPagesAt(index);
    const calls = samples.outboundAt(index);
    if (!hasGrown) {
      hasGrown = pages > 0;
    } else {
      bin.pages += pages;
      bin.calls += calls;
      callsOfStep += calls;
      if (pages > 0) {
        bin.steps += 1;
        bin.longestStep = Math.max(bin.longestStep, callsOfStep);
        callsOfStep = 0;
      }
    }

    if (timeMs - binStartMs < settings.binMs) continue;
    if (filling.steps >= MIN_GROWTH_EVENTS - 1) {
      if (bin.calls <= 2 * filling.longestStep) continue;
      if (bin.pages * filling.calls < FALLEN * filling.pages * bin.calls) {
        return { ttlMs: Math.min(binStartMs - generation.startedMs, settings.ttlCapMs), source: "measured" };
      }
    }
    filling.pages += bin.pages;
    filling.calls += bin.calls;
    filling.steps += bin.steps;
    filling.longestStep = Math.max(filling.longestStep, bin.longestStep);
    bin = { pages: 0, calls: 0, steps: 0, longestStep: 0 };
    binStartMs = timeMs;
    if (timeMs - generation.startedMs > settings.ttlCapMs) break;
  }
  return byDefault;
}

/** What was counted in a stretch of time. */
interface Tally {
  pages: number;
  calls: number;
  /** Growth events, each a step of the allocation. */
  steps: number;
  /** The most calls that one step took, counted from the step before it. */
  longestStep: number;
}
