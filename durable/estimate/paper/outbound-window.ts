import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration } from "../history.ts";

export interface OutboundInTtl {
  /** N_T: outbound calls in (now - T, now]. */
  now: number;
  /** M_T: the greatest N_T of the generation, taken at its samples and now. Never below `now`. */
  max: number;
}

/**
 * Counts the outbound calls of a generation within a window of one TTL that slides over its samples.
 *
 * Spreads the calls of a sample evenly over the time since the previous sample (or since the start of the generation), so
 * a window that cuts a sample takes its share. Time stands still while the clock is set back. The generation's stored peak
 * for the same TTL counts too, since the samples that showed it may be overwritten.
 */
export function outboundInTtl(
  samples: Samples,
  generation: Pick<CurrentGeneration, "number" | "startedMs" | "peak">,
  ttlMs: number,
  nowMs: number,
): OutboundInTtl {
  const first = samples.firstOf(generation.number);
  const lostOldest = first === 0 && samples.overwritten > 0;
  // The sample before the oldest one is overwritten, so the oldest one's duration is unknown.
  const startMs = lostOldest && first < samples.length ? samples.timeMsAt(first) : generation.startedMs;

  let max = generation.peak?.ttlMs === ttlMs ? generation.peak.outbound : 0;
  /** Calls of the samples from `tail` to the end of the window, each counted in full; the window's start may cut `tail`. */
  let whole = 0;
  let tail = first;
  let tailStartMs = startMs;
  let tailEndMs = first < samples.length ? Math.max(startMs, samples.timeMsAt(first)) : startMs;
  let timeMs = startMs;
  let inWindow = 0;

  for (let end = first; end <= samples.length; end += 1) {
    const isNow = end === samples.length;
    timeMs = Math.max(timeMs, isNow ? nowMs : samples.timeMsAt(end));
    if (!isNow) whole += samples.outboundAt(end);

    const windowStartMs = timeMs - ttlMs;
    while (tail < samples.length && tail <= end && tailEndMs <= windowStartMs) {
      whole -= samples.outboundAt(tail);
      tail += 1;
      tailStartMs = tailEndMs;
      if (tail < samples.length) tailEndMs = Math.max(tailEndMs, samples.timeMsAt(tail));
    }
    inWindow = whole;
    if (tail < samples.length && tail <= end && tailStartMs < windowStartMs) {
      const expired = (samples.outboundAt(tail) * (windowStartMs - tailStartMs)) / (tailEndMs - tailStartMs);
      inWindow = Math.max(0, whole - expired);
    }
    max = Math.max(max, inWindow);
  }
  return { now: inWindow, max };
}
