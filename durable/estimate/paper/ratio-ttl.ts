import type { EstimateSettings } from "../../../config/index.ts";
import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration } from "../history.ts";

export interface TtlEstimate {
  ttlMs: number;
  source: "measured" | "default";
}

/** Minimum growth events for a ratio: with low traffic, growth is random. */
const MIN_GROWTH_EVENTS = 3;

/** Below this part of the filling ratio, the cache no longer fills. */
const FALLEN = 0.5;

/**
 * The TTL by the paper's rule, its counts read as a ratio: the time from the start of the generation until the pages grown
 * per outbound call fall below half of their ratio while the cache filled.
 *
 * Precisely, over the samples of the generation, in bins counted from its start:
 *
 * - A growth event is a sample in which memory grew. Counting begins after the first one, since earlier calls filled memory
 *   that the instance had from its start.
 * - The *filling ratio* is that of all earlier bins together: pages grown / outbound calls. It exists from the third growth
 *   event on.
 * - A bin is at least `binMs` long and ends with a sample. Memory grows in steps, so a bin must also hold more than twice
 *   as many calls as any step took while filling. Otherwise a pause between two steps would look like a fall. A bin
 *   without enough calls joins the next one.
 * - The TTL is the start of the first bin whose ratio is below half of the filling ratio. If growth ends in the first half
 *   of a bin, that bin falls. If growth ends in the second half, the next bin falls.
 *
 * Gives the default while no bin has fallen: if memory grew fewer than three times, if no bin fell within the cap, or if
 * the ring buffer has lost the generation's first samples.
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

/** Counts over a period of time. */
interface Tally {
  pages: number;
  calls: number;
  /** Number of growth events. */
  steps: number;
  /** The maximum number of calls between two growth events. */
  longestStep: number;
}
